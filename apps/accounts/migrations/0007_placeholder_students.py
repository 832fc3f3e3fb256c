"""Add placeholders: students whom a tutor added and who have not signed up."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.common.models.fields
from apps.accounts import address_trigger


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_canonical_emails")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="contact_email",
            field=apps.common.models.fields.AddressField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="Of a placeholder: the address that its tutor typed. Nobody signs in "
                "with it.",
                max_length=254,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="placeholder_of",
            field=models.ForeignKey(
                editable=False,
                help_text="The tutor who added this student, until the student signs up.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="placeholders",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="email",
            field=apps.common.models.fields.AddressField(
                max_length=254, null=True, unique=True, verbose_name="e-mail"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(placeholder_of=None, email__isnull=False, contact_email="")
                | models.Q(
                    placeholder_of__isnull=False,
                    email=None,
                    role="student",
                    is_active=False,
                    is_staff=False,
                    is_superuser=False,
                    password__startswith="!",  # noqa: S106 -- an unusable one
                ),
                name="user_placeholder_cannot_sign_in",
            ),
        ),
        migrations.RunPython(address_trigger.install, migrations.RunPython.noop),
    ]
