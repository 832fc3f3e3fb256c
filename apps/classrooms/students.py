"""Students whom a tutor adds before they sign up, and what the tutor keeps about a student."""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.placeholders import revoke_student_links
from apps.accounts.tutor_blocks import is_blocked_by_owner
from apps.classrooms.invitations import (
    count_invitation,
    count_placeholder_address,
    find_exceeded_mail_limit,
)
from apps.classrooms.models import Classroom, Membership, StudentCard
from apps.classrooms.models.student_card import CONTACT_FIELDS
from apps.classrooms.notices import send_student_link
from apps.classrooms.policies import may_invite_student
from apps.common.errors import forbidden, invalid, not_found, throttled
from apps.common.etags import check_version, compute_version
from apps.common.idempotency import Idempotency
from apps.common.models import DailyLimit

MAX_ADDED_PER_DAY = 1000  # placeholders of one tutor: as many as a roster has rows


@transaction.atomic
def add_student(
    *,
    classroom: Classroom,
    first_name: str,
    last_name: str,
    email: str = "",
    contacts: dict[str, str] | None = None,
    idempotency: Idempotency | None = None,
) -> User:
    """Add a placeholder, who is active in the classroom at once, or return the one added earlier
    with the same key. Raises `throttled` over a limit of the tutor or of the address."""
    # Lock order everywhere: people, memberships, limits.
    tutor = User.objects.select_for_update(no_key=True).get(pk=classroom.tutor_id)
    if (earlier := _find_by_idempotency_key(tutor, idempotency)) is not None:
        return earlier
    _count_added_student(tutor)
    count_placeholder_address(email, timezone.now())
    student = User.objects.create_placeholder(
        tutor, first_name=first_name, last_name=last_name, contact_email=email
    )
    Membership.objects.create(
        classroom=classroom,
        student=student,
        status=Membership.Status.ACTIVE,
        joined_at=timezone.now(),
    )
    StudentCard.objects.create(
        tutor=tutor,
        student=student,
        **(idempotency.columns if idempotency else {}),
        **(contacts or {}),
    )
    return student


@transaction.atomic
def join_placeholder(*, classroom: Classroom, student: User) -> bool:
    """Make a placeholder of the same tutor active in another classroom; return False if the student
    has meanwhile signed up, or taken it over with an account."""
    if not _lock_placeholder(student):
        return False
    Membership.objects.update_or_create(
        classroom=classroom,
        student=student,
        defaults={"status": Membership.Status.ACTIVE},
        create_defaults={"status": Membership.Status.ACTIVE, "joined_at": timezone.now()},
    )
    return True


def _lock_placeholder(student: User) -> bool:
    """Lock the tutor and the student by id, as who takes the placeholder over does: a membership
    made after its memberships were moved would be deleted with it. Return whether it is still a
    placeholder."""
    ids = (student.placeholder_of_id or 0, student.pk)
    people = User.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    still = dict(people.values_list("pk", "placeholder_of"))
    return still.get(student.pk) is not None


def _find_by_idempotency_key(tutor: User, idempotency: Idempotency | None) -> User | None:
    if idempotency is None:
        return None
    cards = StudentCard.objects.select_related("student")
    card = cards.filter(tutor=tutor, idempotency_key=idempotency.key).first()
    if card is None:
        return None
    idempotency.check(card.idempotency_digest)
    return card.student


def _count_added_student(tutor: User) -> None:
    key, now = f"placeholders:tutor:{tutor.pk}", timezone.now()
    if not DailyLimit.use(key, MAX_ADDED_PER_DAY, now):
        raise throttled(
            DailyLimit.retry_after(key, now),
            _("You can add at most %(n)s students a day. Continue tomorrow.")
            % {"n": MAX_ADDED_PER_DAY},
        )


@transaction.atomic
def mail_student_link(*, tutor: User, student: User) -> None:
    """Mail the student link to the address that the tutor typed. Raises `forbidden` if the student
    has an account or no address, `throttled` over a limit of invitations and mails."""
    email, now = student.contact_email, timezone.now()
    if not may_invite_student(tutor, student) or not email or not settings.EMAIL_URL:
        raise forbidden()
    count_invitation(tutor, email, now)
    if exceeded := find_exceeded_mail_limit(tutor, email, now):
        sentence = _("An e-mail was sent to this address today. Try again tomorrow.")
        raise throttled(DailyLimit.retry_after(exceeded, now), sentence)
    is_blocked = is_blocked_by_owner(tutor, email)
    send_student_link(student, is_blocked=is_blocked)


def email_for(tutor: User, student: User) -> str:
    """The student's address, or "" if this tutor may not see it."""
    return student.shown_email if _may_see_email(tutor, student) else ""


def _may_see_email(tutor: User, student: User) -> bool:
    """False for a former tutor, who does not learn what the account's address is now."""
    taught = Membership.objects.taught_by(tutor).filter(
        student=student, status__in=(Membership.Status.ACTIVE, Membership.Status.PAUSED)
    )
    return student.is_placeholder or taught.exists()


def get_card(tutor: User, student: User) -> StudentCard:
    """The tutor's card of the student, unsaved if there is none yet."""
    card = StudentCard.objects.filter(tutor=tutor, student=student).first()
    return card or StudentCard(tutor=tutor, student=student)


def card_version(student: User, card: StudentCard) -> str:
    """The version of all that `change_student` changes. An account's address is not part of it: a
    former tutor, who may not see it, could try guesses."""
    kept = [getattr(card, name) for name in CONTACT_FIELDS]
    return compute_version(student.first_name, student.last_name, student.contact_email, *kept)


@transaction.atomic
def change_student(
    *, tutor: User, student: User, seen: Collection[str] | None = None, **changes: str
) -> None:
    """Change what the tutor keeps, and a placeholder's name and e-mail. Raises `validation_error`
    for a new name or e-mail of a student who has signed up, `throttled` over the limit of an
    address, `precondition_failed` if the card's version is not one of `seen`, `not_found` if an
    account has just taken the placeholder over."""
    locked = User.objects.select_for_update(no_key=True).filter(pk=student.pk).first()
    if locked is None:
        raise not_found()
    check_version(card_version(locked, get_card(tutor, locked)), seen)
    _change_person(tutor, locked, changes)
    kept = {name: changes[name] for name in CONTACT_FIELDS if name in changes}
    if kept:
        StudentCard.objects.update_or_create(tutor=tutor, student=locked, defaults=kept)


def _change_person(tutor: User, student: User, changes: dict[str, str]) -> None:
    email = student.contact_email if student.is_placeholder else student.email
    current: dict[str, Any] = {
        "first_name": student.first_name,
        "last_name": student.last_name,
        "email": email if _may_see_email(tutor, student) else "",
    }
    changed = {n: changes[n] for n in current if n in changes and changes[n] != current[n]}
    if not changed:
        return
    if not student.is_placeholder:
        message = _("Only the student can change this, since they have signed up.")
        raise invalid(**dict.fromkeys(changed, message))
    student.first_name = changed.get("first_name", student.first_name)
    student.last_name = changed.get("last_name", student.last_name)
    if "email" in changed:
        count_placeholder_address(changed["email"], timezone.now())
        student.contact_email = changed["email"]
        revoke_student_links(student)
    student.save(update_fields=["first_name", "last_name", "contact_email", "password"])


def move_card(*, placeholder: User, student: User) -> None:
    """Give the tutor's card to the student, into the card that the tutor may already have."""
    card = StudentCard.objects.filter(student=placeholder).first()
    if card is None:
        return
    existing = StudentCard.objects.filter(tutor=card.tutor_id, student=student).first()
    if existing is None:
        card.student = student
        card.save(update_fields=["student"])
        return
    additions = []
    for name in CONTACT_FIELDS:
        kept, given = getattr(existing, name), getattr(card, name)
        if not kept:
            setattr(existing, name, given)
        elif given not in kept:
            additions.append(
                given if name == "note" else f"{_label(name, existing.tutor)}: {given}"
            )
    # Together they may be longer than what a tutor can type; the database has no limit.
    existing.note = "\n\n".join(filter(None, [existing.note, *additions]))
    existing.save(update_fields=[*CONTACT_FIELDS])
    card.delete()


def _label(contact: str, reader: User) -> str:
    with translation.override(reader.locale):
        return str(capfirst(StudentCard._meta.get_field(contact).verbose_name))  # type: ignore[union-attr]


def move_memberships(*, placeholder: User, student: User) -> None:
    """Give the placeholder's memberships to the student. One that the student has already stays,
    and an active one of the placeholder activates it unless the tutor has paused it."""
    locked = Membership.objects.select_for_update().order_by("pk")
    owned = {m.classroom_id: m for m in locked.filter(student=student)}
    for membership in locked.filter(student=placeholder):
        own = owned.get(membership.classroom_id)
        if own is None:
            membership.student = student
            membership.save(update_fields=["student"])
            continue
        is_active = membership.status == Membership.Status.ACTIVE
        if is_active and own.status != Membership.Status.PAUSED:
            own.status = membership.status
        own.joined_at = min(filter(None, (own.joined_at, membership.joined_at)), default=None)
        membership.delete()
        own.save(update_fields=["status", "joined_at"])
