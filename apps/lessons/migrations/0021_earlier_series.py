"""A series remembers from which one it was split."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lessons", "0020_series_updated_at")]

    operations = [
        migrations.AddField(
            model_name="lessonseries",
            name="earlier",
            field=models.ForeignKey(
                editable=False,
                help_text="The part before it, where the series was split.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="lessons.lessonseries",
            ),
        )
    ]
