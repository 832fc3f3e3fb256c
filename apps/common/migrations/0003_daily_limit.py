from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("common", "0002_outgoing_mail"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyLimit",
            fields=[
                ("name", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("began_at", models.DateTimeField(db_index=True)),
                ("used", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("used__gte", 0)), name="daily_limit_not_negative"
                    )
                ],
            },
        ),
    ]
