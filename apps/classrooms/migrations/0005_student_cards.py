"""Add what a tutor keeps about a student: contacts and a private note."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classrooms", "0004_invitations_by_address"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="StudentCard",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("phone", models.CharField(blank=True, max_length=40, verbose_name="phone")),
                (
                    "guardian_name",
                    models.CharField(blank=True, max_length=200, verbose_name="parent’s name"),
                ),
                (
                    "guardian_phone",
                    models.CharField(blank=True, max_length=40, verbose_name="parent’s phone"),
                ),
                ("level", models.CharField(blank=True, max_length=100, verbose_name="level")),
                (
                    "note",
                    models.TextField(blank=True, max_length=5000, verbose_name="private note"),
                ),
                (
                    "idempotency_key",
                    models.CharField(blank=True, editable=False, max_length=255, null=True),
                ),
                ("idempotency_digest", models.CharField(blank=True, editable=False, max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "student",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cards",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tutor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="student_cards",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "student card",
                "verbose_name_plural": "student cards",
                "ordering": ("id",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tutor", "student"), name="student_card_once_per_tutor"
                    ),
                    models.UniqueConstraint(
                        fields=("tutor", "idempotency_key"),
                        name="student_card_once_per_idempotency_key",
                    ),
                ],
            },
        ),
    ]
