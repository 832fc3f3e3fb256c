"""Erase a person: what others need stays, without the name.

A lesson that was held, who taught it, how long somebody attended and the sums of accounts stay, by
the number of a person whom nobody can name any more. The append-only tables (apps/billing/
append_only.py) hold amounts, and notes and reasons as their author wrote them, which cannot change.
"""

from collections import Counter
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.models import (
    Erasure,
    NotificationSettings,
    PushSubscription,
    TelegramChat,
    TelegramCode,
    TutorBlock,
    User,
)
from apps.accounts.models.erasure import GRACE_PERIOD
from apps.billing.models import BankFile, BankLine, PayeeDetails, Payer
from apps.booking.models import (
    Availability,
    BookingPage,
    ExternalCalendar,
    FirstLessonRequest,
    SlotHold,
    StudentHours,
)
from apps.classroom.models import (
    Attendance,
    BoardAuthor,
    BoardFile,
    ChatMessage,
    RoomAdmission,
    RoomBan,
)
from apps.classrooms.models import Classroom, Membership, StudentCard
from apps.common import mail
from apps.common.models import MailMessage
from apps.common.zones import DEFAULT
from apps.lessons.models import (
    CalendarFeed,
    Holiday,
    Lesson,
    LessonChange,
    LessonSeries,
    Participant,
    Reminder,
    SeriesStudent,
)
from apps.lessons.participants import cancel_participation, lock_lesson
from apps.lessons.services import cancel_lesson

# First and last name of who is gone; of no gender, in the language that the person had chosen.
NAMES = {"uk": ("Обліковий запис", "видалено"), "en": ("Account", "erased")}


def request_erasure(person: User, now: datetime) -> Erasure:
    """Schedule the erasure, or return the one that is scheduled."""
    erasure, is_new = Erasure.objects.get_or_create(
        user=person,
        erased_at=None,
        defaults={"requested_at": now, "due_at": now + GRACE_PERIOD},
    )
    if is_new:
        _tell_of_request(person, erasure)
    return erasure


def take_back(person: User) -> bool:
    """Return whether an erasure was scheduled."""
    deleted, _by_model = Erasure.objects.filter(user=person, erased_at=None).delete()
    return bool(deleted)


def erase_due(now: datetime) -> None:
    for erasure in Erasure.objects.filter(erased_at=None, due_at__lte=now).order_by("pk")[:50]:
        erase(erasure, now)


@transaction.atomic
def erase(erasure: Erasure, now: datetime) -> None:
    """Do nothing if the erasure was taken back, or another process has done it."""
    locked = Erasure.objects.select_for_update().filter(pk=erasure.pk, erased_at=None).first()
    if locked is None:
        return
    person = User.objects.select_for_update().get(pk=erasure.user_id)
    address, name = person.email, person.get_full_name()
    removed: Counter[str] = Counter()
    _end_lessons(person, now)
    for one in [*person.placeholders.all(), person]:
        _delete_rows(one, removed)
        _rename(one)
    locked.erased_at, locked.removed = now, dict(removed)
    locked.save(update_fields=["erased_at", "removed"])
    if address:
        _tell_of_end(address, name, person.locale, locked)


def _end_lessons(person: User, now: datetime) -> None:
    """The others in coming lessons are told, still by the name that they know."""
    coming = Lesson.objects.not_cancelled().filter(starts_at__gt=now).order_by("pk")
    for lesson in coming.filter(tutor=person):
        cancel_lesson(lesson=lesson)
    status = Participant.Status.CANCELLED
    for lesson in coming.filter(
        participants__student=person, participants__status=Participant.Status.BOOKED
    ):
        lock_lesson(lesson)
        cancel_participation(lesson=lesson, student=person, status=status, reason="", now=now)
    series = LessonSeries.objects.filter(ends_on=None)
    series.filter(tutor=person).update(ends_on=now.date())
    SeriesStudent.objects.filter(student=person).delete()
    series.filter(members=None).update(ends_on=now.date())
    Membership.objects.filter(student=person).update(status=Membership.Status.LEFT)
    Classroom.objects.filter(tutor=person, archived_at=None).update(
        archived_at=now, is_code_open=False
    )


def _delete_rows(person: User, removed: Counter[str]) -> None:
    key = f"u{person.pk}"
    sessions = list(UserSession.objects.filter(user=person).values_list("session_key", flat=True))
    addresses = [*person.emailaddress_set.values_list("email", flat=True), person.email or ""]
    found: list[QuerySet[Any, Any]] = [
        Session.objects.filter(session_key__in=sessions),
        UserSession.objects.filter(user=person),
        Authenticator.objects.filter(user=person),
        EmailAddress.objects.filter(user=person),
        NotificationSettings.objects.filter(user=person),
        PushSubscription.objects.filter(user=person),
        TelegramChat.objects.filter(user=person),
        TelegramCode.objects.filter(user=person),
        TutorBlock.objects.filter(student=person),
        StudentCard.objects.filter(student=person),
        StudentCard.objects.filter(tutor=person),
        StudentHours.objects.filter(student=person),
        SlotHold.objects.filter(student=person),
        SlotHold.objects.filter(tutor=person),
        BookingPage.objects.filter(tutor=person),
        FirstLessonRequest.objects.filter(tutor=person),
        CalendarFeed.objects.filter(user=person),
        Reminder.objects.filter(user=person),
        LessonChange.objects.filter(tutor=person),
        Holiday.objects.filter(tutor=person),
        Availability.objects.filter(tutor=person),
        ExternalCalendar.objects.filter(tutor=person),
        PayeeDetails.objects.filter(tutor=person),
        BankFile.objects.filter(tutor=person),
        ChatMessage.objects.filter(person=key),
        BoardAuthor.objects.filter(person=key),
        RoomAdmission.objects.filter(person=key),
        MailMessage.objects.filter(recipient__in=[each for each in addresses if each]),
    ]
    for rows in found:
        number, _by_model = rows.delete()
        if number:
            removed[rows.model._meta.label] += number


def _rename(person: User) -> None:
    first, last = NAMES[person.locale]
    name, key = f"{first} {last}", f"u{person.pk}"
    Attendance.objects.filter(person=key).update(name=name)
    RoomBan.objects.filter(person=key).update(name=name)
    BoardFile.objects.filter(person=key).update(person="")
    payers = _payers_of(person)
    lines = BankLine.objects.filter(request__payer__in=payers)
    lines.update(payer_name="", payer_iban="", purpose="")
    BankLine.objects.filter(tutor=person).update(payer_name="", payer_iban="", purpose="")
    Payer.objects.filter(pk__in=payers).update(name=name, email="")
    kind = ContentType.objects.get_for_model(User)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(person.pk))
    entries.update(object_repr=name, change_message="")
    person.first_name, person.last_name, person.contact_email = first, last, ""
    if not person.is_placeholder:
        person.email = f"erased-{person.pk}@erased.invalid"
    person.timezone, person.last_login, person.is_active = DEFAULT, None, False
    person.is_staff = person.is_superuser = False
    person.set_unusable_password()
    person.save()
    EmailAddress.objects.filter(user=person).delete()
    for membership in Membership.objects.filter(student=person):
        membership.save()  # which writes what it is found by


def _payers_of(person: User) -> list[int]:
    """Payers of this student alone, and all of a tutor."""
    others = Payer.objects.filter(accounts__account__student__gt=person.pk) | Payer.objects.filter(
        accounts__account__student__lt=person.pk
    )
    own = Payer.objects.filter(accounts__account__student=person).exclude(
        pk__in=others.values("pk")
    )
    return [*own.values_list("pk", flat=True), *person.payers.values_list("pk", flat=True)]


def _tell_of_request(person: User, erasure: Erasure) -> None:
    if not person.email:
        return
    with translation.override(person.locale):
        text = _(
            "Your account will be erased on %(day)s. Until then you can take it back under "
            "Settings → Your data. If it was not you, do so now and change your password.\n\n"
            "Receipt: %(receipt)s"
        ) % _facts(person, erasure)
        mail.send(to=person.email, subject=_("Your account will be erased"), text=text)


def _facts(person: User, erasure: Erasure) -> dict[str, str]:
    day = date_format(erasure.due_at.astimezone(person.zone), "j E Y")
    return {"day": day, "receipt": str(erasure.receipt)}


def _tell_of_end(address: str, name: str, locale: str, erasure: Erasure) -> None:
    with translation.override(locale):
        text = _(
            "%(name)s, your account has been erased. Lessons that took place and the sums of "
            "accounts stay without your name. This message is the last one.\n\n"
            "Receipt: %(receipt)s"
        ) % {"name": name, "receipt": erasure.receipt}
        mail.send(to=address, subject=_("Your account has been erased"), text=text)
