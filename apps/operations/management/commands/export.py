"""Writes everything that is about a person into a zip (GDPR articles 15 and 20)."""

import os
import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone, translation

from apps.operations.people import find_person
from apps.web.personal_data.archive import export_name, write_export


class Command(BaseCommand):
    help = "Write everything that is about a person into a zip of JSON, CSV and files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("person", metavar="PERSON", help="an e-mail address, or an id")
        parser.add_argument(
            "--to", type=Path, metavar="DIR", default=Path(), help="the folder; by default this one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(0o077)
        person, now = find_person(options["person"]), timezone.now()
        path = options["to"].expanduser().resolve() / export_name(person, now)
        try:
            with (
                translation.override(person.locale),
                write_export(person, now) as export,
                path.open("xb") as copy,
            ):
                shutil.copyfileobj(export, copy)
        except OSError as exc:
            raise CommandError(f"Nothing was exported: {exc.strerror} ({path}).") from exc
        self.stdout.write(f"{path}: what Kreida knows of {person.get_full_name()}.")
