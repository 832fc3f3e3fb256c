"""Writes of a room: chat, admissions, removals, timer, notes, attendance, end of the lesson."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.classroom.chat_limits import check_chat_limits, count_stored_message
from apps.classroom.held import visits_that_taught
from apps.classroom.lessons import Lessons
from apps.classroom.models import (
    Attendance,
    ChatMessage,
    ClassroomSession,
    RoomAdmission,
    RoomBan,
)
from apps.classroom.policies import Drawing, Person, Role
from apps.common.errors import invalid, not_found
from apps.common.etags import check_version, compute_version

MAX_LOCKED_PAGES = 500  # as many as a board shows


def get_or_create_session(*, lesson_id: int) -> ClassroomSession:
    """Return the lesson's session, creating it if missing; concurrent callers get the same one."""
    session, _created = ClassroomSession.objects.get_or_create(lesson_id=lesson_id)
    return session


def post_message(
    *, session_id: int, person: Person, uuid: UUID, text: str
) -> tuple[ChatMessage, bool]:
    """Store a message once per `uuid` and room; return it and whether it is new.

    Raises `throttled` above the limits of the person and the room.
    """
    check_chat_limits(session_id=session_id, person=person.key, text=text)
    fields = {"person": person.key, "name": person.name, "role": person.role.value, "text": text}
    message, is_new = ChatMessage.objects.get_or_create(
        session_id=session_id, uuid=uuid, defaults=fields
    )
    if is_new:
        count_stored_message(session_id=session_id, person=person.key, text=text)
    return message, is_new


def messages_since(session_id: int, since: datetime) -> list[ChatMessage]:
    newest = ChatMessage.objects.filter(session=session_id, sent_at__gte=since).order_by("-id")
    return list(reversed(newest[:1000]))


def admit(*, session_id: int, people: Collection[str], lesson_id: int, lessons: Lessons) -> None:
    """Admit guests until the lesson's current invites are revoked; admitting again renews it.

    Raises `not_found` if the lesson is gone.
    """
    lesson = lessons.load([lesson_id]).get(lesson_id)
    if lesson is None:
        raise not_found()
    generation = lesson.invite_generation
    RoomAdmission.objects.bulk_create(
        [
            RoomAdmission(session_id=session_id, person=person, generation=generation)
            for person in people
        ],
        update_conflicts=True,
        unique_fields=["session", "person"],
        update_fields=["generation", "must_wait_again"],
    )
    RoomAdmission.objects.delete_oldest(session_id)


def record_entry(*, session_id: int, guest: Person) -> None:
    """Record the admission of a guest who need not wait.

    It is valid for the generation of their own invite and not for the current one, since a
    concurrent removal may just have replaced the invites.
    """
    generation = guest.generation or 0
    admission = RoomAdmission(session_id=session_id, person=guest.key, generation=generation)
    RoomAdmission.objects.bulk_create([admission], ignore_conflicts=True)
    RoomAdmission.objects.delete_oldest(session_id)
    RoomAdmission.objects.filter(
        session=session_id, person=guest.key, generation__lt=generation
    ).update(generation=generation)


def set_lobby(
    *, session_id: int, enabled: bool, waiting: Collection[str], lesson_id: int, lessons: Lessons
) -> None:
    """Turning the lobby off admits everyone `waiting`, for as long as `admit` does."""
    with transaction.atomic():
        ClassroomSession.objects.filter(pk=session_id).update(lobby_enabled=enabled)
        if not enabled:
            admit(session_id=session_id, people=waiting, lesson_id=lesson_id, lessons=lessons)


def set_drawing(*, session_id: int, drawing: Drawing, state_vector: bytes) -> None:
    """Choose what others may change; with NEW nothing that the state vector covers."""
    fields: dict[str, Any] = {"board_locked": drawing is Drawing.NONE}
    if drawing is not Drawing.NONE:
        fields["drawing"] = drawing.value
        fields["locked_items"] = state_vector if drawing is Drawing.NEW else None
    ClassroomSession.objects.filter(pk=session_id).update(**fields)


def lock_page(*, session_id: int, page: str, locked: bool) -> None:
    """Raises `validation_error` for one page too many, and `not_found` if the room is gone."""
    with transaction.atomic():
        session = _lock_session(session_id, "locked_pages")
        pages = set(session.locked_pages) - {page}
        if locked:
            if len(pages) >= MAX_LOCKED_PAGES:
                message = _("No more than %(count)s pages can be locked.")
                raise invalid(page=message % {"count": MAX_LOCKED_PAGES})
            pages.add(page)
        session.locked_pages = sorted(pages)
        session.save(update_fields=["locked_pages"])


def _lock_session(session_id: int, field: str) -> ClassroomSession:
    """Return the session with one field, its row locked. Raises `not_found`."""
    session = ClassroomSession.objects.select_for_update().only(field).filter(pk=session_id).first()
    if session is None:
        raise not_found()
    return session


def remove_person(
    *, session_id: int, person: str, name: str, lesson_id: int, lessons: Lessons
) -> None:
    """Ban a person from the room and revoke all invite links issued so far.

    With new cookies the same person could not be recognised. The other guests who are in the room
    keep their admission; guests who are away may be the same person, so the tutor has to admit
    them again. Raises `throttled` above the number of bans that a room can have.
    """
    with transaction.atomic():
        _ban, is_new = RoomBan.objects.get_or_create(
            session_id=session_id, person=person, defaults={"name": name}
        )
        if is_new:
            RoomBan.objects.check_limit(session_id)
        RoomAdmission.objects.filter(session=session_id, person=person).delete()
        generation = lessons.revoke_invites(lesson_id)
        present = Attendance.objects.present(timezone.now()).filter(session=session_id)
        others = RoomAdmission.objects.filter(session=session_id, generation=generation - 1)
        others.exclude(person__in=present.values("person")).update(must_wait_again=True)
        others.update(generation=generation)


def set_timer(*, session_id: int, seconds: int, now: datetime) -> None:
    ends_at = now + timedelta(seconds=seconds) if seconds else None
    ClassroomSession.objects.filter(pk=session_id).update(timer_ends_at=ends_at)


def write_notes(*, session_id: int, text: str, seen: Collection[str] | None = None) -> None:
    """Replace the notes if their version is one of `seen`.

    Raises `precondition_failed` or `not_found`.
    """
    with transaction.atomic():
        session = _lock_session(session_id, "notes")
        check_version(compute_version(session.notes), seen)
        session.notes = text
        session.save(update_fields=["notes"])


def complete_past_lessons(*, lessons: Lessons, now: datetime, limit: int = 100) -> None:
    """Complete lessons whose time is over, which their tutor taught, and whose tutor has left."""
    taught = visits_that_taught(lessons).filter(session=OuterRef("pk"))
    present = Attendance.objects.present(now).filter(role=Role.TUTOR).values("session")
    rooms = ClassroomSession.objects.filter(Exists(taught), lesson__in=lessons.overdue(now))
    past = rooms.exclude(pk__in=present).values_list("lesson_id", flat=True)
    for lesson_id in past[:limit]:
        lessons.complete(lesson_id)


def record_join(
    *, session_id: int, peer: UUID, person: Person, joined_at: datetime, now: datetime
) -> None:
    """Record that a peer is in; a second time changes nothing, since the first may have been stored
    although the database did not answer in time."""
    row = Attendance(
        session_id=session_id,
        peer=peer,
        person=person.key,
        name=person.name,
        role=person.role.value,
        joined_at=joined_at,
        seen_at=joined_at,
    )
    if Attendance.objects.filter(peer=peer).exists() or Attendance.objects.reopen(row, now):
        return
    Attendance.objects.bulk_create([row], ignore_conflicts=True)
    Attendance.objects.delete_oldest(session_id, person.key)


def record_leave(*, peer: UUID, now: datetime) -> None:
    Attendance.objects.filter(peer=peer).close(now)


def record_seen(*, peers: Collection[UUID], now: datetime) -> None:
    """Mark the rows of connected peers as seen, and close those of processes that died.

    A row that was closed as abandoned while the database was unreachable is opened again.
    """
    for chunk in _chunks(list(peers), 500):
        Attendance.objects.open_or_abandoned(now).filter(peer__in=chunk).update(
            seen_at=now, left_at=None
        )
    Attendance.objects.close_abandoned(now)


def _chunks(items: list[UUID], size: int) -> list[list[UUID]]:
    return [items[at : at + size] for at in range(0, len(items), size)]
