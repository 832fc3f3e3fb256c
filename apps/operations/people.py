"""Find the person whom an administrator means."""

from django.core.management import CommandError

from apps.accounts.models import User
from apps.common.text import lookup_email


def find_person(text: str) -> User:
    """`text` is an address or an id. Raises CommandError."""
    if text.isascii() and text.isdecimal() and len(text) < 19:
        found = User.objects.filter(pk=int(text)).first()
    else:
        found = User.objects.filter(email=lookup_email(text)).first()
    if found is None:
        raise CommandError(f"Nobody has the address or id {text!r}.")
    return found
