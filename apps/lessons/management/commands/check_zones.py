"""What the worker does every hour, by hand: after an update of the tz database, for instance."""

from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from apps.lessons.zone_changes import check_zones


class Command(BaseCommand):
    help = "Tells tutors whose lessons to come are at another local time by new rules of a zone."

    def handle(self, *args: Any, **options: Any) -> None:
        lessons = check_zones(timezone.now())
        self.stdout.write(f"Lessons at another local time than planned: {lessons}")
