"""Remove invisible characters from titles and reasons that earlier releases stored."""

from typing import Any

from django.db import migrations

from apps.common.stored_texts import clean_reason, clean_stored
from apps.common.text import clean_text


def clean(apps_then: Any, schema_editor: Any) -> None:
    lessons = apps_then.get_model("lessons", "Lesson").objects.using(schema_editor.connection.alias)
    clean_stored(lessons, {"title": clean_text, "cancel_reason": clean_reason})


class Migration(migrations.Migration):
    atomic = False  # a transaction per batch
    dependencies = [("lessons", "0007_verbose_names")]
    operations = [migrations.RunPython(clean, migrations.RunPython.noop)]
