from django.db import migrations

from apps.accounts import address_trigger


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_addresses_in_step")]
    operations = [migrations.RunPython(address_trigger.install, address_trigger.uninstall)]
