"""Invitations by e-mail: how many there may be, and the signed link that accepts one.

Nothing here looks at whether an address belongs to an account, so neither an answer nor the time
it takes tells.
"""

import hashlib
import hmac
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
LIFETIME = timedelta(days=30)
MAX_PER_TUTOR = 100  # invitations and mails a day
MAX_PER_ADDRESS = 10  # invitations a day, of all tutors together
MAX_MAILS_PER_ADDRESS = 3  # a day, of all tutors together; of one tutor, one


class InvitationLink(NamedTuple):
    url: str
    expires_at: datetime
    token: str


def count_invitation(tutor: User, email: str, now: datetime) -> None:
    """Raises `throttled` over the limit of the tutor, or of the address."""
    if not DailyLimit.take(_of_tutor(tutor), MAX_PER_TUTOR, now):
        raise throttled(
            DailyLimit.retry_after(_of_tutor(tutor), now),
            _(
                "You have sent %(n)s invitations within a day, which is the most. "
                "Give your students the classroom’s code, or go on tomorrow."
            )
            % {"n": MAX_PER_TUTOR},
        )
    key = _of_address("invitations", email)
    if not DailyLimit.take(key, MAX_PER_ADDRESS, now):
        raise throttled(
            DailyLimit.retry_after(key, now),
            _("This address has been invited too often today. Give the student the code instead."),
        )


def may_mail(tutor: User, email: str, now: datetime) -> bool:
    """Takes one mail of what the tutor may send to this address, and of what it may get."""
    return DailyLimit.take(_of_pair(tutor, email), 1, now) and DailyLimit.take(
        _of_address("mails", email), MAX_MAILS_PER_ADDRESS, now
    )


def is_mailed(tutor: User, email: str, now: datetime) -> bool:
    """Whether this tutor's mail of the day has gone to this address."""
    return DailyLimit.left(_of_pair(tutor, email), 1, now) < 1


def invitations_left(tutor: User, now: datetime) -> int:
    return max(0, DailyLimit.left(_of_tutor(tutor), MAX_PER_TUTOR, now))


def _of_tutor(tutor: User) -> str:
    return f"invitations:tutor:{tutor.pk}"


def _of_address(kind: str, email: str) -> str:
    """Addresses of strangers are kept no longer than their invitation: here, only a digest."""
    key = derive_key(settings.SECRET_KEY, "invitation-limits").encode()
    return f"{kind}:{hmac.new(key, strip_subaddress(email).encode(), hashlib.sha256).hexdigest()}"


def _of_pair(tutor: User, email: str) -> str:
    return _of_address(f"mails:{tutor.pk}", email)


def invitation_link(membership: Membership, now: datetime) -> InvitationLink:
    """Whoever holds it may accept, so it goes to the invited address, or is handed over by the
    tutor. It dies with the invitation."""
    expires_at = (now + LIFETIME).replace(microsecond=0)
    claims = {"membership": membership.pk, "at": _stamp(membership)}
    token = tokens.sign(PURPOSE, claims, expires_at=expires_at)
    return InvitationLink(
        f"{settings.PUBLIC_URL}/classrooms/invitation/{token}/", expires_at, token
    )


def read_invitation(token: str) -> Membership:
    """The membership it invites to. Raises `invite_invalid` or `invite_expired`."""
    try:
        claims = tokens.read(PURPOSE, clean_token(token))
    except tokens.ExpiredToken as exc:
        raise DomainError("invite_expired", 410, "Invite expired") from exc
    except tokens.BadToken as exc:
        raise _invalid() from exc
    membership = (
        Membership.objects.select_related("classroom__tutor", "student")
        .filter(pk=claims["membership"], classroom__archived_at=None)
        .first()
    )
    if membership is None or claims["at"] != _stamp(membership):
        raise _invalid()
    if membership.status != Membership.Status.INVITED and membership.student_id is None:
        raise _invalid()
    return membership


def _invalid() -> DomainError:
    return DomainError("invite_invalid", 400, _("This invite link is not valid."))


def _stamp(membership: Membership) -> int:
    """Inviting anew after a removal makes another one, so that old links stay dead."""
    return int(membership.invited_at.timestamp() * 1000) if membership.invited_at else 0
