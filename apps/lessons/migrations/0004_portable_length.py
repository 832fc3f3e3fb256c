"""Check the duration in SQL without Django's Python functions, and bound the overlap triggers."""

from datetime import timedelta

from django.db import migrations, models

import apps.common.db
from apps.lessons import overlap


class Migration(migrations.Migration):
    dependencies = [("lessons", "0003_no_index_twice")]
    operations = [
        migrations.RunPython(migrations.RunPython.noop, overlap.restore_triggers),
        migrations.RemoveConstraint(model_name="lesson", name="lesson_lasts_5min_to_12h"),
        migrations.AddConstraint(
            model_name="lesson",
            constraint=models.CheckConstraint(
                name="lesson_lasts_5min_to_12h",
                condition=models.Q(
                    ends_at__gte=apps.common.db.ShiftedBy("starts_at", by=timedelta(minutes=5)),
                    ends_at__lte=apps.common.db.ShiftedBy("starts_at", by=timedelta(hours=12)),
                ),
            ),
        ),
        migrations.RunPython(overlap.restore_triggers, migrations.RunPython.noop),
    ]
