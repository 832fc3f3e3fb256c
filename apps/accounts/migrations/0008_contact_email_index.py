"""Index the addresses of placeholders, which are looked up by those that a student has confirmed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_placeholder_students")]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=["contact_email"], name="user_contact_email"),
        ),
    ]
