"""Add the room from which a board was carried on."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classroom", "0013_board_author")]

    operations = [
        migrations.AddField(
            model_name="classroomsession",
            name="carried_root",
            field=models.ForeignKey(
                editable=False,
                help_text="The first room whose board was carried on to this one.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="classroom.classroomsession",
            ),
        )
    ]
