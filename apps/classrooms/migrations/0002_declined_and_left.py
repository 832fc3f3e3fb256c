"""A student can decline an invitation and leave a classroom."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("classrooms", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(
            model_name="membership", name="membership_person_or_invitation"
        ),
        migrations.RemoveConstraint(model_name="membership", name="membership_status_known"),
        migrations.AlterField(
            model_name="membership",
            name="status",
            field=models.CharField(
                choices=[
                    ("invited", "invited"),
                    ("active", "active"),
                    ("paused", "paused"),
                    ("removed", "removed"),
                    ("declined", "declined"),
                    ("left", "left"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                name="membership_person_or_invitation",
                condition=Q(student__isnull=False, invited_email="")
                | Q(student=None, status__in=["invited", "removed", "declined"])
                & ~Q(invited_email=""),
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                name="membership_status_known",
                condition=Q(
                    status__in=["invited", "active", "paused", "removed", "declined", "left"]
                ),
            ),
        ),
    ]
