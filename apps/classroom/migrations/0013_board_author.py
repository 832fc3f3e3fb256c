import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classroom", "0012_board_drawing")]

    operations = [
        migrations.CreateModel(
            name="BoardAuthor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("client", models.BigIntegerField()),
                ("person", models.CharField(max_length=40)),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="authors",
                        to="classroom.classroomsession",
                    ),
                ),
            ],
            options={
                "verbose_name": "author on a board",
                "verbose_name_plural": "authors on boards",
                "ordering": ("id",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("session", "client"), name="board_author_once_per_client"
                    )
                ],
            },
        ),
    ]
