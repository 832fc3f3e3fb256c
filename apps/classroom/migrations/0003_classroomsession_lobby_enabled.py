from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classroom", "0002_classroomsession_uuid")]
    operations = [
        migrations.AddField(
            model_name="classroomsession",
            name="lobby_enabled",
            field=models.BooleanField(
                default=True,
                help_text="Guests wait until the tutor admits them.",
                verbose_name="lobby",
            ),
        ),
    ]
