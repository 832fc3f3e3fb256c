"""Erases a person in seven days, or at once (GDPR article 17)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from apps.operations.people import find_person
from apps.web.personal_data.erase import erase, request_erasure, take_back


class Command(BaseCommand):
    help = "Erase a person in seven days; what others need stays without the name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("person", metavar="PERSON", help="an e-mail address, or an id")
        parser.add_argument("--take-back", action="store_true", help="end a scheduled erasure")
        parser.add_argument("--now", action="store_true", help="erase at once, for good")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        person, now = find_person(options["person"]), timezone.now()
        shown = f"{person.get_full_name()} <{person.email or 'no account'}>"
        if options["take_back"]:
            if not take_back(person):
                raise CommandError(f"No erasure of {shown} is scheduled.")
            self.stdout.write(f"{shown} stays.")
            return
        if person.is_staff:
            raise CommandError("An administrator is not erased. Take the rights away first.")
        if not options["yes"]:
            when = "now, for good" if options["now"] else "in seven days"
            answer = input(f"Erase {shown} {when}? Type the id {person.pk} to go on: ")
            if answer.strip() != str(person.pk):
                raise CommandError("Nothing was erased.")
        erasure = request_erasure(person, now)
        if options["now"]:
            erase(erasure, now)
            self.stdout.write(f"Erased. Receipt: {erasure.receipt}")
        else:
            day = f"{erasure.due_at:%Y-%m-%d %H:%M} UTC"
            self.stdout.write(f"{shown} will be erased on {day}. Receipt: {erasure.receipt}")
