"""Payments and requests for payment know the key of the client's request, and are made once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_card_payments"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EntryKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(editable=False, max_length=255)),
                ("digest", models.CharField(editable=False, max_length=64)),
            ],
            options={
                "verbose_name": "key of an account entry",
                "verbose_name_plural": "keys of account entries",
            },
        ),
        migrations.AddField(
            model_name="paymentrequest",
            name="idempotency_digest",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="paymentrequest",
            name="idempotency_key",
            field=models.CharField(blank=True, editable=False, max_length=255, null=True),
        ),
        migrations.AddConstraint(
            model_name="paymentrequest",
            constraint=models.UniqueConstraint(
                fields=("tutor", "idempotency_key"), name="payment_request_once_per_key"
            ),
        ),
        migrations.AddField(
            model_name="entrykey",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.account",
            ),
        ),
        migrations.AddField(
            model_name="entrykey",
            name="entry",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.accountentry",
            ),
        ),
        migrations.AddConstraint(
            model_name="entrykey",
            constraint=models.UniqueConstraint(
                fields=("account", "key"), name="entry_once_per_key"
            ),
        ),
    ]
