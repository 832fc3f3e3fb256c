"""When a series changed last, for calendars, and which series a lesson belongs to counts, too."""

import django.db.models.functions.datetime
from django.db import migrations, models

from apps.lessons import sequence_trigger


class Migration(migrations.Migration):
    dependencies = [("lessons", "0019_lesson_change")]

    operations = [
        migrations.AddField(
            model_name="lessonseries",
            name="updated_at",
            field=models.DateTimeField(
                auto_now=True,
                db_default=django.db.models.functions.datetime.Now(),
                help_text="Calendars order versions of the series by it: no lesson may leave it "
                "without.",
            ),
        ),
        migrations.RunPython(sequence_trigger.install, migrations.RunPython.noop),
    ]
