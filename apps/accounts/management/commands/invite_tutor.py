from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.accounts.sign_up import is_open, make_tutor_link


class Command(BaseCommand):
    help = "Print a link by which one person signs up as a tutor; it works for seven days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the address the tutor will sign up with")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        if not is_open():
            raise CommandError("Nobody can sign up while SIGN_UP is 'closed'.")
        try:
            link = make_tutor_link(email, timezone.now())
        except ValidationError as exc:
            raise CommandError(" ".join(exc.messages)) from exc
        self.stdout.write(link)
