"""From now on, the database refuses to change or delete what accounts are made of."""

from django.db import migrations

from apps.billing import append_only


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_accounts")]
    operations = [migrations.RunPython(append_only.install, append_only.uninstall)]
