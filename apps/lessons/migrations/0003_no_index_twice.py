"""Indexes of the tutor alone and of the student alone, which those by person and start cover."""

from typing import Any

from django.conf import settings
from django.db import migrations, models

from apps.lessons import overlap


def restore_triggers(apps: Any, schema_editor: Any) -> None:
    """SQLite makes the table anew, and its triggers are gone with the old one."""
    if schema_editor.connection.vendor == "sqlite":
        overlap.install(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("lessons", "0002_no_overlap"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunPython(migrations.RunPython.noop, restore_triggers),
        migrations.AlterField(
            model_name="lesson",
            name="student",
            field=models.ForeignKey(
                db_index=False,
                on_delete=models.PROTECT,
                related_name="lessons_attended",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="lesson",
            name="tutor",
            field=models.ForeignKey(
                db_index=False,
                on_delete=models.PROTECT,
                related_name="lessons_taught",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(restore_triggers, migrations.RunPython.noop),
    ]
