"""Make a participant of each earlier lesson's student, while other processes write lessons."""

from typing import Any

from django.db import migrations, transaction
from django.db.models import Max

BATCH = 5000  # lessons, whose rows are locked until the batch is committed

# The triggers fill in the other columns.
_FILL = """
INSERT INTO lessons_participant (lesson_id, student_id, status, occupies)
SELECT id, student_id, 'booked', {false} FROM lessons_lesson AS lesson
WHERE id > {after} AND id <= {until} AND NOT EXISTS (
    SELECT 1 FROM lessons_participant AS participant
    WHERE participant.lesson_id = lesson.id AND participant.student_id = lesson.student_id
)
"""


def fill(apps_then: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    lessons = apps_then.get_model("lessons", "Lesson").objects.using(connection.alias)
    last = lessons.aggregate(last=Max("pk"))["last"] or 0
    is_postgresql = connection.vendor == "postgresql"
    for after in range(0, last, BATCH):
        statement = _FILL.format(
            after=after, until=after + BATCH, false="false" if is_postgresql else 0
        )
        if is_postgresql:
            statement += " FOR NO KEY UPDATE OF lesson"
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(statement)


class Migration(migrations.Migration):
    atomic = False  # a transaction per batch
    dependencies = [("lessons", "0012_participant_triggers")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
