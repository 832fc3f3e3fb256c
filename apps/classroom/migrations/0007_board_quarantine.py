import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classroom", "0006_admission_generation"),
    ]

    operations = [
        migrations.CreateModel(
            name="BoardQuarantine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("data", models.BinaryField()),
                ("reason", models.CharField(max_length=100)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="quarantine",
                        to="classroom.classroomsession",
                    ),
                ),
            ],
            options={
                "verbose_name": "part of a board in quarantine",
                "verbose_name_plural": "parts of boards in quarantine",
                "ordering": ("id",),
            },
        ),
    ]
