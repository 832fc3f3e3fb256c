"""The address of a person's feed: private, because whoever has it can read the lessons.

It is signed, not stored: the person's id, and a generation that rises when the address is replaced
(as with invite links, ADR 4).
"""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.common.keys import derive_key
from apps.common.parsing import MAX_ID
from apps.common.security_log import log_security_event
from apps.lessons.models import CalendarFeed

PURPOSE = "calendar-feed"
_SEPARATOR = "."


def feed_url(user: User) -> str:
    return _sign(user, _generations(user.pk).get())


def rotate_feed(user: User) -> str:
    """Return a new address; the old one does not work any more."""
    with transaction.atomic():
        CalendarFeed.objects.get_or_create(user=user)
        CalendarFeed.objects.filter(user=user).update(generation=F("generation") + 1)
        generation = _generations(user.pk).get()
    log_security_event("feed_rotated", user_id=user.pk)
    return _sign(user, generation)


def find_feed_owner(token: str) -> User | None:
    """The owner, unless the token is malformed, forged or replaced, or the owner is deactivated."""
    try:
        user_id, generation = map(int, _signer().unsign(token).split(_SEPARATOR))
    except (BadSignature, ValueError):
        return None
    return next(iter(User.objects.raw(_OWNER, [min(user_id, MAX_ID), generation])), None)


_GENERATION = Coalesce("calendar_feed__generation", 0)
_OWNER = """
SELECT person.* FROM accounts_user AS person
LEFT JOIN lessons_calendarfeed AS feed ON feed.user_id = person.id
WHERE person.id = %s AND person.is_active AND coalesce(feed.generation, 0) = %s
"""


def _generations(user_id: int) -> "QuerySet[User, int]":
    return User.objects.filter(pk=user_id).values_list(_GENERATION, flat=True)


def _sign(user: User, generation: int) -> str:
    token = _signer().sign(f"{user.pk}{_SEPARATOR}{generation}")
    return f"{settings.PUBLIC_URL}/feeds/{token}.ics"


def _signer() -> Signer:
    return Signer(key=derive_key(settings.SECRET_KEY, PURPOSE), sep=_SEPARATOR, salt=PURPOSE)
