"""The participants' overlap constraint takes the place of the one of `Lesson.student`, which on
PostgreSQL has to be one of them, so that no lesson is without students."""

from typing import Any

from django.db import migrations

from apps.lessons import overlap

_STUDENT_PARTICIPATES = """
ALTER TABLE lessons_lesson ADD CONSTRAINT lesson_student_participates
FOREIGN KEY (id, student_id) REFERENCES lessons_participant (lesson_id, student_id)
DEFERRABLE INITIALLY DEFERRED
"""


def replace(apps_then: Any, schema_editor: Any) -> None:
    overlap.uninstall(apps_then, schema_editor, people=["student"])
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_STUDENT_PARTICIPATES)


def restore(apps_then: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "ALTER TABLE lessons_lesson DROP CONSTRAINT lesson_student_participates"
        )
    overlap.ACTUAL_END.install(apps_then, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("lessons", "0013_fill_participants")]
    operations = [migrations.RunPython(replace, restore)]
