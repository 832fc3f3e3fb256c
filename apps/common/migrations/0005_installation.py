"""Add the identity of the installation, which calendar entries carry."""

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("common", "0004_verbose_names")]

    operations = [
        migrations.CreateModel(
            name="Installation",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False)),
            ],
            options={
                "verbose_name": "installation",
                "verbose_name_plural": "installations",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="installation_once")
                ],
            },
        ),
    ]
