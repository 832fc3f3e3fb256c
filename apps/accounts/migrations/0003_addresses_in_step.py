"""Make `User.email` allauth's primary address and delete primary addresses it replaced."""

from typing import Any

from django.db import migrations
from django.db.models import F


def put_in_step(apps: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    addresses = apps.get_model("account", "EmailAddress").objects.using(alias)
    addresses.filter(primary=True).exclude(email=F("user__email")).delete()
    addresses.filter(primary=False, email=F("user__email")).update(primary=True)
    without = apps.get_model("accounts", "User").objects.using(alias)
    without = without.exclude(emailaddress__primary=True).order_by()
    addresses.bulk_create(
        [
            addresses.model(user_id=pk, email=email, primary=True, verified=False)
            for pk, email in without.values_list("pk", "email")
        ],
        batch_size=500,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_canonical_time_zones"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [migrations.RunPython(put_in_step, migrations.RunPython.noop)]
