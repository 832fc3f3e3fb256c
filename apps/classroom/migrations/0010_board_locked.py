from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classroom", "0009_admission_must_wait_again")]

    operations = [
        migrations.AddField(
            model_name="classroomsession",
            name="board_locked",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Only the tutor can change the board.",
                verbose_name="board locked",
            ),
        ),
    ]
