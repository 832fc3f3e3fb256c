"""What happens in a room and is kept: chat, admissions, removals, timer, attendance, the end."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.classroom.models import (
    Attendance,
    ChatMessage,
    ClassroomSession,
    RoomAdmission,
    RoomBan,
)
from apps.classroom.policies import Person, Role
from apps.common.etags import check_version, compute_version


def session_of(*, lesson_id: int) -> ClassroomSession:
    """The lesson's one session, made if it is missing; callers that race get the same one."""
    session, _created = ClassroomSession.objects.get_or_create(lesson_id=lesson_id)
    return session


def post_message(
    *, session_id: int, person: Person, uuid: UUID, text: str
) -> tuple[ChatMessage, bool]:
    """The message, and whether it is new: the same `uuid` twice in a room is one message."""
    fields = {"person": person.key, "name": person.name, "role": person.role.value, "text": text}
    return ChatMessage.objects.get_or_create(session_id=session_id, uuid=uuid, defaults=fields)


def messages_since(session_id: int, since: datetime) -> list[ChatMessage]:
    newest = ChatMessage.objects.filter(session=session_id, sent_at__gte=since).order_by("-id")
    return list(reversed(newest[:1000]))


def admit(*, session_id: int, people: Collection[str]) -> None:
    """For as long as the lesson's present invites are good; being admitted again renews that."""
    generation = _generation(session_id)
    RoomAdmission.objects.bulk_create(
        [
            RoomAdmission(session_id=session_id, person=person, generation=generation)
            for person in people
        ],
        update_conflicts=True,
        unique_fields=["session", "person"],
        update_fields=["generation", "must_wait_again"],
    )


def record_entry(*, session_id: int, guest: Person) -> None:
    """That a guest who need not wait is in: their place is good for the invites they came by, and
    not for later ones, since somebody may be removed at this moment."""
    generation = guest.generation or 0
    place = RoomAdmission(session_id=session_id, person=guest.key, generation=generation)
    RoomAdmission.objects.bulk_create([place], ignore_conflicts=True)
    RoomAdmission.objects.filter(
        session=session_id, person=guest.key, generation__lt=generation
    ).update(generation=generation)


def _generation(session_id: int) -> int:
    rooms = ClassroomSession.objects.filter(pk=session_id)
    return rooms.values_list("lesson__invite_generation", flat=True).first() or 0


def set_lobby(*, session_id: int, enabled: bool, waiting: Collection[str]) -> None:
    """Turning it off admits everyone who waits, and they stay admitted when it is on again."""
    with transaction.atomic():
        ClassroomSession.objects.filter(pk=session_id).update(lobby_enabled=enabled)
        if not enabled:
            admit(session_id=session_id, people=waiting)


def remove(*, session_id: int, person: str, name: str) -> None:
    """For good: every invite link made so far is replaced too, since with fresh cookies nobody
    would know this person again. The other guests who are in the room keep their place; those who
    were, but are away now, may be the same person, and wait until the tutor lets them in."""
    with transaction.atomic():
        RoomBan.objects.get_or_create(session_id=session_id, person=person, defaults={"name": name})
        RoomAdmission.objects.filter(session=session_id, person=person).delete()
        session = ClassroomSession.objects.select_related("lesson").get(pk=session_id)
        if session.lesson is None:
            return
        session.lesson.revoke_invites()
        generation = _generation(session_id)
        there = Attendance.objects.present(timezone.now()).filter(session=session_id)
        others = RoomAdmission.objects.filter(session=session_id, generation=generation - 1)
        others.exclude(person__in=there.values("person")).update(must_wait_again=True)
        others.update(generation=generation)


def set_timer(*, session_id: int, seconds: int, now: datetime) -> None:
    ends_at = now + timedelta(seconds=seconds) if seconds else None
    ClassroomSession.objects.filter(pk=session_id).update(timer_ends_at=ends_at)


def write_notes(*, session_id: int, text: str, seen: Collection[str] | None = None) -> None:
    """`seen` are versions of the text that may be replaced. Raises `precondition_failed`."""
    with transaction.atomic():
        session = ClassroomSession.objects.select_for_update().only("notes").get(pk=session_id)
        check_version(compute_version(session.notes), seen)
        session.notes = text
        session.save(update_fields=["notes"])


def end_lesson(*, session_id: int, now: datetime | None = None) -> None:
    """The rest of the lesson's time is free from `now` on."""
    session = ClassroomSession.objects.select_related("lesson").get(pk=session_id)
    if session.lesson is not None:
        session.lesson.complete(ended_at=now or timezone.now())


def complete_past_lessons(*, now: datetime, limit: int = 100) -> None:
    """Lessons whose time is over and whose tutor came and has left."""
    came = Attendance.objects.filter(role=Role.TUTOR).values("session")
    there = Attendance.objects.present(now).filter(role=Role.TUTOR).values("session")
    over = (
        ClassroomSession.objects.filter(lesson__status="scheduled", lesson__ends_at__lte=now)
        .filter(pk__in=came)
        .exclude(pk__in=there)
        .select_related("lesson")[:limit]
    )
    for session in over:
        if session.lesson is not None:
            session.lesson.complete()


def record_joining(*, session_id: int, peer: UUID, person: Person, now: datetime) -> None:
    Attendance.objects.create(
        session_id=session_id,
        peer=peer,
        person=person.key,
        name=person.name,
        role=person.role.value,
        joined_at=now,
        seen_at=now,
    )


def record_leaving(*, peer: UUID, now: datetime) -> None:
    Attendance.objects.filter(peer=peer).update(left_at=now, seen_at=now)


def record_seen(*, peers: Collection[UUID], now: datetime) -> None:
    for chunk in _chunks(list(peers), 500):
        Attendance.objects.filter(peer__in=chunk, left_at=None).update(seen_at=now)
    Attendance.objects.close_abandoned(now)


def _chunks(items: list[UUID], size: int) -> list[list[UUID]]:
    return [items[at : at + size] for at in range(0, len(items), size)]
