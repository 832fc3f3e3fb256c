"""Fills a database of release 0.32 by the code of that release; for the dumps in this folder.

Run in a checkout of commit a3290f1, after `manage.py migrate`, with the variables of README.md.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import django

django.setup()

from pycrdt import Doc, Map  # noqa: E402

from apps.accounts.models import User  # noqa: E402
from apps.classroom.models import (  # noqa: E402
    Attendance,
    BoardSnapshot,
    BoardUpdate,
    ChatMessage,
    ClassroomSession,
    RoomBan,
)
from apps.classrooms.models import Classroom, Membership  # noqa: E402
from apps.lessons.models import Lesson  # noqa: E402
from apps.lessons.services import (  # noqa: E402
    Idempotency,
    cancel_lesson,
    reschedule_lesson,
    schedule_lesson,
)

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
PAST = datetime(2025, 9, 1, 14, tzinfo=UTC)
FUTURE = datetime(2090, 9, 4, 14, tzinfo=UTC)


def person(role: str, first: str, last: str, **fields: object) -> User:
    email = f"{last}.{role}@school.example".lower()
    return User.objects.create_user(
        email=email, password=None, role=role, first_name=first, last_name=last, **fields
    )


def board() -> bytes:
    doc = Doc()
    doc["pages"] = Map({"1": "a"})
    return doc.get_update()


def main() -> None:
    anna, petro = person("tutor", "Анна", "Koval"), person("tutor", "Petro", "Bilyk")
    students = [
        person("student", "Олена", "Shevchenko"),
        person("student", "Іван", "Bondar", timezone="America/Toronto", locale="en"),
        person("student", "Zoë", "O’Neil", timezone="Europe/Warsaw"),
    ]
    classes = {}
    for tutor, members in ((anna, students), (petro, students[:1])):
        classes[tutor.pk] = Classroom.objects.create(tutor=tutor, name="Алгебра")
        for student in members:
            Membership.objects.create(
                classroom=classes[tutor.pk], student=student, status="active", joined_at=PAST
            )
    Membership.objects.create(
        classroom=classes[anna.pk], invited_email="new@home.example", status="invited"
    )
    for week in range(12):  # weekly lessons, as tutors typed them one by one
        for hour, student in enumerate(students):
            start = (PAST if week < 8 else FUTURE) + week * WEEK + hour * HOUR
            made = schedule_lesson(
                tutor=anna,
                student_id=student.pk,
                starts_at=start,
                ends_at=start + HOUR,
                title="Похідна" if week % 2 else "",
            )
            if week < 7:
                Lesson.objects.filter(pk=made.pk).update(status="completed")
    schedule_lesson(
        tutor=petro,
        student_id=students[0].pk,
        starts_at=FUTURE + timedelta(days=1),
        ends_at=FUTURE + timedelta(days=1, hours=12),
        idempotency=Idempotency("a-key", "0" * 64),
    )
    twice = schedule_lesson(  # double-booked on purpose: the tutor and the student
        tutor=anna,
        student_id=students[0].pk,
        starts_at=FUTURE + 9 * WEEK + HOUR / 2,
        ends_at=FUTURE + 9 * WEEK + HOUR,
        allow_overlap=True,
    )
    moved = Lesson.objects.filter(tutor=anna, starts_at__gt=FUTURE).order_by("starts_at").first()
    reschedule_lesson(tutor=anna, lesson=moved, starts_at=moved.starts_at - HOUR)
    cancelled = Lesson.objects.filter(tutor=anna, student=students[1]).latest("starts_at")
    cancel_lesson(lesson=cancelled, reason="Свято")
    schedule_lesson(  # in the place of the cancelled one
        tutor=anna,
        student_id=students[2].pk,
        starts_at=cancelled.starts_at,
        ends_at=cancelled.ends_at,
    )
    for number, session in enumerate(ClassroomSession.objects.order_by("pk")[:6]):
        BoardUpdate.objects.create(session=session, data=board())
        BoardSnapshot.objects.create(session=session, state=board(), version=3)
        student = session.lesson.student
        who = {"person": f"user:{student.pk}", "name": student.get_full_name()}
        ChatMessage.objects.create(
            session=session, uuid=UUID(int=number), role="student", text="Добрий день", **who
        )
        start = session.lesson.starts_at
        Attendance.objects.create(
            session=session,
            peer=UUID(int=100 + number),
            role="student",
            joined_at=start,
            seen_at=start + HOUR,
            left_at=start + HOUR if number else None,
            **who,
        )
    RoomBan.objects.create(session=twice.session, person="guest:1", name="Хтось")


main()
