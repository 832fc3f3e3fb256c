"""Runs the worker's hourly time zone check now, for instance after an update of the tz database."""

from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from apps.lessons.zone_changes import check_zones


class Command(BaseCommand):
    help = "Mail the tutors of lessons whose local time changed because a time zone has new rules."

    def handle(self, *args: Any, **options: Any) -> None:
        lessons = check_zones(timezone.now())
        self.stdout.write(f"Lessons at another local time than planned: {lessons}")
