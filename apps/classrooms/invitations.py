"""Invitations by e-mail: their daily limits, and the signed link that accepts one.

This module never looks up whether an address belongs to an account, so that neither a response
nor its time can reveal it.
"""

import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classrooms.models import Membership
from apps.common import tokens
from apps.common.errors import DomainError, throttled
from apps.common.keys import derive_key
from apps.common.models import DailyLimit
from apps.common.pasted import clean_token
from apps.common.text import strip_subaddress

PURPOSE = "classroom-invitation"
LINK_LIFETIME = timedelta(days=30)
MAX_PER_TUTOR = 100  # invitations and mails a day
MAX_PER_ADDRESS = 10  # invitations a day, and added students, of all tutors together
MAX_MAILS_PER_ADDRESS = 3  # a day, of all tutors together; one a day of each tutor


class InvitationLink(NamedTuple):
    url: str
    expires_at: datetime
    token: str


def count_invitation(tutor: User, email: str, now: datetime) -> None:
    """Count one invitation. Raises `throttled` over the limit of the tutor or of the address."""
    if not DailyLimit.use(_tutor_key(tutor), MAX_PER_TUTOR, now):
        raise throttled(
            DailyLimit.retry_after(_tutor_key(tutor), now),
            _(
                "You have reached the limit of %(n)s invitations a day. "
                "Give your students the classroom’s code, or continue tomorrow."
            )
            % {"n": MAX_PER_TUTOR},
        )
    key = _address_key("invitations", email)
    if not DailyLimit.use(key, MAX_PER_ADDRESS, now):
        raise throttled(
            DailyLimit.retry_after(key, now),
            _("This address has been invited too often today. Give the student the code instead."),
        )


def count_placeholder_address(email: str, now: datetime) -> None:
    """Count a student added with this address, which is shown to its owner. Raises `throttled` over
    the limit of the address."""
    key = _address_key("placeholders", email)
    if email and not DailyLimit.use(key, MAX_PER_ADDRESS, now):
        raise throttled(
            DailyLimit.retry_after(key, now),
            _("This address has been added too often today. Add the student without it."),
        )


def consume_mail_limit(tutor: User, email: str, now: datetime) -> bool:
    """Count one mail; return False if the tutor or the address is over its limit."""
    return not find_exceeded_mail_limit(tutor, email, now)


def find_exceeded_mail_limit(tutor: User, email: str, now: datetime) -> str:
    """Count one mail; return the name of the limit that it exceeds, or ""."""
    limits = ((_pair_key(tutor, email), 1), (_address_key("mails", email), MAX_MAILS_PER_ADDRESS))
    return next((key for key, limit in limits if not DailyLimit.use(key, limit, now)), "")


def lock_address_limits(emails: Collection[str], now: datetime) -> None:
    """Lock all limits of these addresses, for a transaction that invites several of them."""
    kinds = ("invitations", "mails", "placeholders")
    DailyLimit.lock({_address_key(kind, email) for kind in kinds for email in emails}, now)


def was_mailed_today(tutor: User, email: str, now: datetime) -> bool:
    """Whether this tutor has used up the day's mail to this address."""
    return DailyLimit.remaining(_pair_key(tutor, email), 1, now) < 1


def invitations_left(tutor: User, now: datetime) -> int:
    return max(0, DailyLimit.remaining(_tutor_key(tutor), MAX_PER_TUTOR, now))


def _tutor_key(tutor: User) -> str:
    return f"invitations:tutor:{tutor.pk}"


def _address_key(kind: str, email: str) -> str:
    """The key holds a keyed digest, so that addresses are stored with their invitation only."""
    key = derive_key(settings.SECRET_KEY, "invitation-limits").encode()
    return f"{kind}:{hmac.new(key, strip_subaddress(email).encode(), hashlib.sha256).hexdigest()}"


def _pair_key(tutor: User, email: str) -> str:
    return _address_key(f"mails:{tutor.pk}", email)


def make_invitation_link(membership: Membership, now: datetime) -> InvitationLink:
    """Make a link whose holder may accept the invitation. It is valid for LINK_LIFETIME, and only
    while the invitation is."""
    expires_at = (now + LINK_LIFETIME).replace(microsecond=0)
    claims = {"membership": membership.pk, "at": _invited_at_ms(membership)}
    token = tokens.sign(PURPOSE, claims, expires_at=expires_at)
    return InvitationLink(
        f"{settings.PUBLIC_URL}/classrooms/invitation/{token}/", expires_at, token
    )


def read_invitation(token: str) -> Membership:
    """Return the invited membership. Raises `invite_invalid` or `invite_expired`."""
    try:
        claims = tokens.read(PURPOSE, clean_token(token))
    except tokens.ExpiredToken as exc:
        raise DomainError("invite_expired", 410, "Invite expired") from exc
    except tokens.BadToken as exc:
        raise _invalid_invite_error() from exc
    membership = (
        Membership.objects.select_related("classroom__tutor", "student")
        .filter(pk=claims["membership"], classroom__archived_at=None)
        .first()
    )
    if membership is None or claims["at"] != _invited_at_ms(membership):
        raise _invalid_invite_error()
    if membership.status != Membership.Status.INVITED and membership.student_id is None:
        raise _invalid_invite_error()
    return membership


def _invalid_invite_error() -> DomainError:
    return DomainError("invite_invalid", 400, _("This invite link is not valid."))


def _invited_at_ms(membership: Membership) -> int:
    """Changes with each new invitation, so that links of earlier ones stay invalid."""
    return int(membership.invited_at.timestamp() * 1000) if membership.invited_at else 0
