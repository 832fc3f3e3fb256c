"""A room belongs to a lesson (one to one); rooms from before this have none."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classroom", "0003_classroomsession_lobby_enabled"),
        ("lessons", "0001_initial"),
    ]
    operations = [
        migrations.AddField(
            model_name="classroomsession",
            name="lesson",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="session",
                to="lessons.lesson",
            ),
        ),
    ]
