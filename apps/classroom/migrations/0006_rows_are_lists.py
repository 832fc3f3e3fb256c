"""A row of a board's log held what was drawn in a short while merged into one update. Merging costs
more than storing does, so now it holds the updates themselves."""

import msgspec
from django.db import migrations
from pycrdt import merge_updates


def wrap(apps, schema_editor):
    for row in apps.get_model("classroom", "BoardUpdate").objects.iterator():
        row.data = msgspec.msgpack.encode([bytes(row.data)])
        row.save(update_fields=["data"])


def merge(apps, schema_editor):
    for row in apps.get_model("classroom", "BoardUpdate").objects.iterator():
        row.data = merge_updates(*msgspec.msgpack.decode(row.data, type=list[bytes]))
        row.save(update_fields=["data"])


class Migration(migrations.Migration):
    dependencies = [("classroom", "0005_live_room")]
    operations = [migrations.RunPython(wrap, merge)]
