"""Subscribing a browser to push messages, and ending it."""

from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from apps.accounts.models import PushSubscription, User
from apps.accounts.models.push_subscription import MAX_ENDPOINT, password_digest
from apps.accounts.notifications.vapid import decode_base64, encode_base64
from apps.common.db import delete_in_batches
from apps.common.errors import invalid
from apps.common.outgoing_http import ForbiddenAddressError, check_url

MAX_SUBSCRIPTIONS = 10  # of a person, the newest ones
_AUTH_BYTES = 16


def subscribe(
    *, user: User, session_key: str, endpoint: str, p256dh: str, auth: str
) -> PushSubscription:
    """Subscribe the browser of a session. An endpoint that belonged to somebody else who used the
    same browser changes hands. Raises `validation_error`."""
    _check_endpoint(endpoint)
    keys = {"p256dh": _clean_public_key(p256dh), "auth": _clean_secret(auth)}
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        PushSubscription.objects.filter(session_key=session_key).delete()
        found, _created = PushSubscription.objects.update_or_create(
            endpoint=endpoint,
            defaults={
                "user": user,
                "session_key": session_key,
                "password_digest": password_digest(user),
                **keys,
            },
        )
        newest = PushSubscription.objects.filter(user=user).order_by("-created_at", "-pk")
        oldest = list(newest.values_list("pk", flat=True)[MAX_SUBSCRIPTIONS:])
        PushSubscription.objects.filter(pk__in=oldest).delete()
    return found


def unsubscribe(*, user: User, session_key: str) -> None:
    PushSubscription.objects.filter(user=user, session_key=session_key).delete()


def find_subscription(user: User, session_key: str) -> PushSubscription | None:
    """The one of this session, if it has any."""
    return PushSubscription.objects.filter(user=user, session_key=session_key).first()


def delete_dead_subscriptions(_now: datetime) -> None:
    """Delete those whose session has ended; they are not used in the meantime."""
    session: Any = Session.objects.filter(session_key=OuterRef("session_key"))
    delete_in_batches(PushSubscription.objects.filter(~Exists(session)))


def _check_endpoint(endpoint: str) -> None:
    try:
        check_url(endpoint, allow_private=settings.PUSH_SERVICES == "any")
    except ForbiddenAddressError as exc:
        raise invalid(endpoint=_("Must be a public https address.")) from exc
    if len(endpoint) > MAX_ENDPOINT:
        raise invalid(endpoint=_("At most %(n)s characters.") % {"n": MAX_ENDPOINT})


def _clean_public_key(text: str) -> str:
    try:
        data = decode_base64(text)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError as exc:
        raise invalid(p256dh=_("Must be a public key of P-256.")) from exc
    if len(data) != 65:
        raise invalid(p256dh=_("Must be a public key of P-256."))
    return encode_base64(data)


def _clean_secret(text: str) -> str:
    try:
        data = decode_base64(text)
    except ValueError:
        data = b""
    if len(data) != _AUTH_BYTES:
        raise invalid(auth=_("Must be 16 bytes in Base64 for URLs."))
    return encode_base64(data)
