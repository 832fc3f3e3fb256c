"""Let a tutor close a classroom for joining by its code."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classrooms", "0005_student_cards")]

    operations = [
        migrations.AddField(
            model_name="classroom",
            name="is_code_open",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Whether students can join by the code.",
            ),
        ),
    ]
