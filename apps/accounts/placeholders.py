"""Links by which a person becomes a placeholder: a student whom a tutor added before sign-up.

Who signs up by the link gets the placeholder's row, so that its id, memberships and lessons stay.
Somebody with an account takes the lessons over instead (apps/lessons/placeholders.py).
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts import tutor_blocks
from apps.accounts.addresses import verified_emails
from apps.accounts.models import User
from apps.accounts.tutor_blocks import blocked_tutors
from apps.common import tokens
from apps.common.errors import DomainError
from apps.common.keys import derive_key
from apps.common.pasted import clean_token
from apps.common.security_log import log_security_event

PURPOSE = "student-invitation"
LINK_LIFETIME = timedelta(days=30)
MAX_SHOWN = 20


class StudentLink(NamedTuple):
    url: str
    expires_at: datetime


def make_student_link(placeholder: User, now: datetime) -> StudentLink:
    """The link works until somebody has used it or the tutor changes the student's address."""
    expires_at = (now + LINK_LIFETIME).replace(microsecond=0)
    claims = {"student": placeholder.pk, "state": _link_state(placeholder)}
    token = tokens.sign(PURPOSE, claims, expires_at=expires_at)
    return StudentLink(f"{settings.PUBLIC_URL}/students/invitation/{token}/", expires_at)


def read_student_link(token: str) -> User:
    """Return the placeholder, or the account that it has become by this link. Raises
    `invite_invalid` or `invite_expired`."""
    try:
        claims = tokens.read(PURPOSE, clean_token(token))
    except tokens.ExpiredToken as exc:
        raise DomainError("invite_expired", 410, "Invite expired") from exc
    except tokens.BadToken as exc:
        raise _invalid_link_error() from exc
    student = User.objects.select_related("placeholder_of").filter(pk=claims["student"]).first()
    if student is None or (student.is_placeholder and claims["state"] != _link_state(student)):
        raise _invalid_link_error()
    return student


def find_placeholder(token: str) -> User | None:
    """The placeholder of a valid link that nobody has used yet."""
    if not token:
        return None
    try:
        student = read_student_link(token)
    except DomainError:
        return None
    return student if student.is_placeholder else None


def placeholders_for(student: User) -> list[User]:
    """Placeholders whose tutor typed an address that this person has confirmed, the first of each
    tutor; not those of tutors whom the person has blocked."""
    emails = verified_emails(student)
    found = User.objects.filter(placeholder_of__isnull=False, contact_email__in=emails)
    found = found.exclude(placeholder_of__in=blocked_tutors(student))
    firsts = found.order_by().values("placeholder_of").annotate(first=Min("pk")).values("first")
    return list(User.objects.filter(pk__in=firsts).select_related("placeholder_of")[:MAX_SHOWN])


@transaction.atomic
def decline_student_link(*, token: str, student: User, block_tutor: bool = False) -> None:
    """If the link's placeholder has an address of this person, forget the address: the link ends
    and is not offered again. Somebody else's link stays valid for the addressee."""
    if not lock_placeholder(token):
        return
    placeholder = read_student_link(token)
    if block_tutor and placeholder.placeholder_of is not None:
        tutor_blocks.block_tutor(student=student, tutor=placeholder.placeholder_of)
    if placeholder.contact_email in verified_emails(student):
        placeholder.contact_email = ""
        revoke_student_links(placeholder)
        placeholder.save(update_fields=["contact_email", "password"])
        log_security_event("placeholder_declined", user_id=student.pk, account=placeholder.pk)


def lock_placeholder(token: str) -> bool:
    """Lock the row of the link's placeholder until the transaction ends; False if the link was used
    or revoked meanwhile."""
    student = find_placeholder(token)
    if student is None:
        return False
    list(User.objects.select_for_update().filter(pk=student.pk).values_list("pk"))
    return find_placeholder(token) is not None


def revoke_student_links(placeholder: User) -> None:
    """The caller saves `password`, whose random part is in each link."""
    placeholder.set_unusable_password()


def become_account(placeholder: User) -> None:
    """Make the row an account. The caller sets e-mail and password, and saves."""
    placeholder.placeholder_of = None
    placeholder.contact_email = ""
    placeholder.is_active = True
    placeholder.date_joined = timezone.now()


def _link_state(placeholder: User) -> str:
    """Changes with each new address for good: one typed again does not bring its links back."""
    key = derive_key(settings.SECRET_KEY, "student-invitation-state").encode()
    state = f"{placeholder.contact_email}\n{placeholder.password}"
    return hmac.new(key, state.encode(), hashlib.sha256).hexdigest()[:16]


def _invalid_link_error() -> DomainError:
    return DomainError("invite_invalid", 400, _("This invite link is not valid."))
