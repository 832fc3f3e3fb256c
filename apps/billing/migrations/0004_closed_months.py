"""From now on, the database refuses an entry that is dated into a closed month."""

from django.db import migrations

from apps.billing import closed_months


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_payments")]
    operations = [migrations.RunPython(closed_months.install, closed_months.uninstall)]
