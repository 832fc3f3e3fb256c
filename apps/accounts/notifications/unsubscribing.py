"""The signed link in reminders by mail that ends them with one click (RFC 8058)."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.notifications.preferences import turn_mail_off
from apps.common import tokens
from apps.common.errors import DomainError

PURPOSE = "unsubscribe"
LIFETIME = timedelta(days=365)


def make_unsubscribe_url(user: User) -> str:
    token = tokens.sign(PURPOSE, {"user": user.pk}, expires_at=timezone.now() + LIFETIME)
    return f"{settings.PUBLIC_URL}/unsubscribe/{token}/"


def find_reader(token: str) -> User | None:
    """Whose link it is; None if the account was deleted. Raises `validation_error`."""
    try:
        claims = tokens.read(PURPOSE, token)
    except (tokens.BadToken, tokens.ExpiredToken) as exc:
        detail = _("This link is not valid. Sign in to change your notifications.")
        raise DomainError("validation_error", 400, detail) from exc
    return User.objects.filter(pk=claims["user"], placeholder_of=None).first()


def unsubscribe(token: str) -> None:
    """Needs no sign-in. Raises `validation_error`."""
    if reader := find_reader(token):
        turn_mail_off(reader)
