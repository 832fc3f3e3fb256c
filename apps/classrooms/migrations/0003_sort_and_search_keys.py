"""Add sort keys to classrooms, and the search text and the time of invitations."""

from django.db import migrations, models

import apps.common.models.fields


class Migration(migrations.Migration):
    dependencies = [("classrooms", "0002_declined_and_left")]

    operations = [
        migrations.AlterModelOptions(
            name="classroom",
            options={
                "ordering": ("sort_key", "id"),
                "verbose_name": "classroom",
                "verbose_name_plural": "classrooms",
            },
        ),
        migrations.AddField(
            model_name="classroom",
            name="sort_key",
            field=models.BinaryField(
                db_default=b"", default=b"", editable=False, help_text="The name."
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="invited_at",
            field=models.DateTimeField(
                blank=True, help_text="When the present invitation was made.", null=True
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="search_text",
            field=models.TextField(
                blank=True,
                db_default="",
                editable=False,
                help_text="The invited e-mail, case folded.",
            ),
        ),
        migrations.AlterField(
            model_name="classroom",
            name="name",
            field=apps.common.models.fields.NameField(max_length=200, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="membership",
            name="invited_email",
            field=apps.common.models.fields.AddressField(
                blank=True,
                help_text="Of an invitation that nobody has accepted; empty otherwise.",
                max_length=254,
            ),
        ),
    ]
