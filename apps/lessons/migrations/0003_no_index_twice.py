"""Drop the indexes on tutor and on student, which those on (person, starts_at) cover."""

from typing import Any

from django.conf import settings
from django.db import migrations, models

from apps.lessons import overlap


def restore_triggers(apps: Any, schema_editor: Any) -> None:
    """SQLite drops the triggers when Django rebuilds the table."""
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
