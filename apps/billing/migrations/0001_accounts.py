"""Add cancellation policies and accounts."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import apps.billing.models.amount


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("lessons", "0022_holiday"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "billed_from",
                    models.DateTimeField(
                        help_text="The first rate or pack; earlier lessons are not charged.",
                        null=True,
                    ),
                ),
                (
                    "checked_at",
                    models.DateTimeField(help_text="When the job last charged it.", null=True),
                ),
                (
                    "merged_into",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="billing.account",
                    ),
                ),
                (
                    "student",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="accounts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tutor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="student_accounts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "account",
                "verbose_name_plural": "accounts",
            },
        ),
        migrations.CreateModel(
            name="CancellationPolicy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("students_may_cancel", models.BooleanField(default=False)),
                ("free_until_minutes", models.PositiveIntegerField(default=1440)),
                ("late_charge_percent", models.PositiveSmallIntegerField(default=100)),
                ("no_show_charge_percent", models.PositiveSmallIntegerField(default=100)),
                ("free_late_cancellations", models.PositiveSmallIntegerField(default=0)),
                ("free_late_period_days", models.PositiveSmallIntegerField(default=30)),
                ("no_fault_reasons", models.JSONField(default=list)),
                (
                    "tutor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cancellation_policies",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "cancellation policy",
                "verbose_name_plural": "cancellation policies",
                "ordering": ("-created_at",),
            },
        ),
        migrations.CreateModel(
            name="CancellationDecision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("decided_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("free", "free of charge"), ("charged", "charged")], max_length=7
                    ),
                ),
                ("charge_percent", models.PositiveSmallIntegerField()),
                (
                    "was_free_late",
                    models.BooleanField(
                        default=False, help_text="One of the free late cancellations was used."
                    ),
                ),
                (
                    "no_fault",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("illness", "illness"),
                            ("power_cut", "power cut"),
                            ("air_alert", "air alert"),
                            ("other", "another serious reason"),
                        ],
                        max_length=9,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                (
                    "cancelled_lesson",
                    models.BooleanField(
                        default=False,
                        help_text="It was the last student, so the lesson was cancelled.",
                    ),
                ),
                (
                    "lesson",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="lessons.lesson",
                    ),
                ),
                (
                    "student",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="billing.cancellationpolicy",
                    ),
                ),
            ],
            options={
                "verbose_name": "cancellation decision",
                "verbose_name_plural": "cancellation decisions",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Pack",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("lessons", models.PositiveSmallIntegerField()),
                (
                    "expires_on",
                    models.DateField(
                        help_text="The last day, in the tutor's time zone, on which it can be used.",
                        null=True,
                    ),
                ),
                (
                    "frozen_on",
                    models.DateField(
                        help_text="Since then it neither expires nor is used; thawing adds the days.",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packs",
                        to="billing.account",
                    ),
                ),
            ],
            options={
                "verbose_name": "pack of lessons",
                "verbose_name_plural": "packs of lessons",
            },
        ),
        migrations.CreateModel(
            name="AccountEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("payment", "payment"),
                            ("pack", "pack of lessons"),
                            ("lesson", "lesson held"),
                            ("late_cancellation", "cancelled late"),
                            ("no_show", "missed lesson"),
                            ("refund", "refund"),
                            ("adjustment", "adjustment"),
                            ("expiry", "pack expired"),
                            ("reversal", "reversal"),
                        ],
                        max_length=17,
                    ),
                ),
                ("unit", models.CharField(help_text="`lesson` or a currency.", max_length=6)),
                ("amount", apps.billing.models.amount.AmountField()),
                ("charge_number", models.PositiveSmallIntegerField(null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="billing.account",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        db_index=False,
                        help_text="Empty where the rules made it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "lesson",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="lessons.lesson",
                    ),
                ),
                (
                    "reverses",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversal",
                        to="billing.accountentry",
                    ),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="billing.cancellationdecision",
                    ),
                ),
                (
                    "pack",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="billing.pack",
                    ),
                ),
            ],
            options={
                "verbose_name": "account entry",
                "verbose_name_plural": "account entries",
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="PolicyAcceptance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("accepted_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "policy",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acceptances",
                        to="billing.cancellationpolicy",
                    ),
                ),
                (
                    "student",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "acceptance of a cancellation policy",
                "verbose_name_plural": "acceptances of cancellation policies",
            },
        ),
        migrations.CreateModel(
            name="Rate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", apps.billing.models.amount.AmountField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "per",
                    models.CharField(
                        choices=[("lesson", "lesson"), ("hour", "hour")], max_length=6
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rates",
                        to="billing.account",
                    ),
                ),
            ],
            options={
                "verbose_name": "rate",
                "verbose_name_plural": "rates",
                "ordering": ("-id",),
            },
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(fields=("tutor", "student"), name="account_once"),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("merged_into", None), ("student__isnull", False)),
                    models.Q(("merged_into__isnull", False), ("student", None)),
                    _connector="OR",
                ),
                name="account_of_student_or_merged",
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellationpolicy",
            constraint=models.UniqueConstraint(
                fields=("tutor", "created_at"), name="cancellation_policy_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellationpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("free_late_cancellations__lte", 10),
                    ("free_late_period_days__gte", 1),
                    ("free_late_period_days__lte", 365),
                    ("free_until_minutes__lte", 20160),
                    ("late_charge_percent__lte", 100),
                    ("no_show_charge_percent__lte", 100),
                ),
                name="cancellation_policy_in_bounds",
            ),
        ),
        migrations.AddIndex(
            model_name="cancellationdecision",
            index=models.Index(fields=["student", "decided_at"], name="decision_student_decided"),
        ),
        migrations.AddConstraint(
            model_name="cancellationdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("charge_percent", 0), ("outcome", "free")),
                    models.Q(
                        ("charge_percent__gt", 0),
                        ("charge_percent__lte", 100),
                        ("no_fault", ""),
                        ("outcome", "charged"),
                        ("was_free_late", False),
                    ),
                    _connector="OR",
                ),
                name="cancellation_decision_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="pack",
            constraint=models.CheckConstraint(
                condition=models.Q(("lessons__gte", 1)), name="pack_has_lessons"
            ),
        ),
        migrations.AddIndex(
            model_name="accountentry",
            index=models.Index(fields=["account", "unit", "amount"], name="account_entry_sum"),
        ),
        migrations.AddIndex(
            model_name="accountentry",
            index=models.Index(fields=["account", "created_at"], name="account_entry_created"),
        ),
        migrations.AddIndex(
            model_name="accountentry",
            index=models.Index(
                condition=models.Q(("lesson__isnull", False)),
                fields=["lesson"],
                name="account_entry_lesson",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountentry",
            constraint=models.UniqueConstraint(
                fields=("account", "lesson", "charge_number"), name="account_entry_charge_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="accountentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "pack")),
                fields=("pack",),
                name="account_entry_pack_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "expiry")),
                fields=("pack",),
                name="account_entry_expiry_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("amount__lt", 0),
                        ("charge_number__gte", 1),
                        ("kind__in", ["lesson", "late_cancellation", "no_show"]),
                        ("lesson__isnull", False),
                    ),
                    models.Q(
                        ("charge_number", None),
                        (
                            "kind__in",
                            ["payment", "pack", "refund", "adjustment", "expiry", "reversal"],
                        ),
                    ),
                    _connector="OR",
                ),
                name="account_entry_charge_of_lesson",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount__gt", 0), ("kind__in", ["payment", "pack"])),
                    models.Q(("amount__lt", 0), ("kind__in", ["refund", "expiry"])),
                    models.Q(
                        ("amount__lt", 0), ("kind__in", ["lesson", "late_cancellation", "no_show"])
                    ),
                    models.Q(
                        ("kind__in", ["adjustment", "reversal"]),
                        models.Q(("amount", 0), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="account_entry_sign",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "reversal"), ("reverses__isnull", False)),
                    models.Q(models.Q(("kind", "reversal"), _negated=True), ("reverses", None)),
                    _connector="OR",
                ),
                name="account_entry_reversal",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("pack", None), models.Q(("kind__in", ["pack", "expiry"]), _negated=True)
                    ),
                    models.Q(("pack__isnull", False), ("unit", "lesson")),
                    _connector="OR",
                ),
                name="account_entry_pack_of_lessons",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyacceptance",
            constraint=models.UniqueConstraint(
                fields=("policy", "student"), name="policy_accepted_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0)), name="rate_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=models.CheckConstraint(
                condition=models.Q(("per__in", ["lesson", "hour"])), name="rate_per_known"
            ),
        ),
    ]
