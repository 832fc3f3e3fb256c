from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classroom", "0007_board_quarantine"),
    ]

    operations = [
        migrations.AddField(
            model_name="boardversion",
            name="packed",
            field=models.BinaryField(null=True),
        ),
    ]
