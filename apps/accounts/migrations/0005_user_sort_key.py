"""Add a sort key by the Ukrainian alphabet, and fields that normalize names and addresses."""

from django.db import migrations, models

import apps.common.models.fields
from apps.accounts import address_trigger


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_replaced_email_trigger")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="sort_key",
            field=models.BinaryField(
                db_default=b"",
                default=b"",
                editable=False,
                help_text="Last name and first name.",
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="email",
            field=apps.common.models.fields.AddressField(
                max_length=254, unique=True, verbose_name="e-mail"
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="first_name",
            field=apps.common.models.fields.NameField(max_length=100, verbose_name="first name"),
        ),
        migrations.AlterField(
            model_name="user",
            name="last_name",
            field=apps.common.models.fields.NameField(max_length=100, verbose_name="last name"),
        ),
        migrations.AlterModelOptions(
            name="user",
            options={
                "ordering": ("sort_key", "id"),
                "verbose_name": "person",
                "verbose_name_plural": "people",
            },
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=["sort_key", "id"], name="user_sort_key"),
        ),
        migrations.RunPython(address_trigger.install, migrations.RunPython.noop),
    ]
