"""The room's public name: an id that tells nothing and cannot be guessed."""

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classroom", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="classroomsession",
            name="uuid",
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
        ),
    ]
