"""The rooms of the benchmark, and the boards and strokes used in them."""

from datetime import timedelta
from functools import cache
from random import Random
from uuid import UUID, uuid5

import django

ROOMS = 500
# Further rooms, each for one measurement that draws.
EXTRA_ROOMS = 200
UUID_NAMESPACE = UUID("7c0e6c0e-0000-4000-8000-000000000000")
TUTOR, STUDENT = 1, 2  # ids in an empty database


def room_uuid(number: int) -> str:
    return str(uuid5(UUID_NAMESPACE, str(number)))


@cache
def stored_board() -> bytes:
    """A board of fifty strokes, about 20 KB."""
    from pycrdt import Doc, Map  # noqa: PLC0415

    doc: Doc = Doc(client_id=77)
    elements = doc.get("elements:1", type=Map)
    for number in range(50):
        points = [[x * 1.5, (x * number) % 97 / 2] for x in range(20)]
        elements[f"stroke{number}"] = {"type": "freedraw", "points": points, "version": 1}
    return doc.get_update()


@cache
def large_board() -> bytes:
    """A board of 20,000 strokes on 50 pages, close to the size limit of a board."""
    from pycrdt import Doc, Map  # noqa: PLC0415

    doc: Doc = Doc(client_id=78)
    pages = doc.get("pages", type=Map)
    random_numbers = Random(7)
    with doc.transaction():
        for page in range(50):
            pages[f"{page}"] = Map({"name": f"{page}", "order": page})
            elements = doc.get(f"elements:{page}", type=Map)
            for number in range(400):
                points = [
                    [random_numbers.random() * 300, random_numbers.random() * 300]
                    for _ in range(35)
                ]
                elements[f"stroke{number}"] = {"type": "freedraw", "points": points, "version": 1}
    return doc.get_update()


@cache
def make_stroke_updates(writer: bytes, count: int) -> list[bytes]:
    """Updates of one client, each with one new element of about a hundred bytes and a mark."""
    from pycrdt import Doc, Map  # noqa: PLC0415

    from bench.room.client import MARK  # noqa: PLC0415

    doc: Doc = Doc(client_id=1000 + writer[0])
    elements = doc.get("elements:1", type=Map)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    mark = (MARK + writer).decode()
    for number in range(count):
        elements[f"{writer.decode()}{number}"] = {
            "type": "line",
            "x": number,
            "y": number % 7,
            "id": f"{mark}{number:06}",
        }
    doc.unobserve(subscription)
    return updates


def create_rooms() -> None:
    """Migrate the database and create the tutor, the student, their lessons, rooms and boards."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    from apps.accounts.models import User  # noqa: PLC0415
    from apps.classroom.models import BoardSnapshot, ClassroomSession  # noqa: PLC0415
    from apps.classrooms.models import Classroom, Membership  # noqa: PLC0415
    from apps.lessons.models import Lesson  # noqa: PLC0415

    now = timezone.now()
    for number, role in ((TUTOR, "tutor"), (STUDENT, "student")):
        email = f"{role}@school.example"
        User.objects.create_user(
            id=number, email=email, password=None, first_name=role, last_name="B", role=role
        )
    classroom = Classroom.objects.create(tutor_id=TUTOR, name="Algebra")
    Membership.objects.create(
        classroom=classroom, student_id=STUDENT, status="active", joined_at=now
    )
    Lesson.objects.bulk_create(
        Lesson(
            id=number + 1,
            tutor_id=TUTOR,
            student_id=STUDENT,
            classroom=classroom,
            starts_at=now + timedelta(hours=number),
            ends_at=now + timedelta(hours=number + 1),
        )
        for number in range(ROOMS + EXTRA_ROOMS)
    )
    sessions = ClassroomSession.objects.bulk_create(
        ClassroomSession(lesson_id=number + 1, uuid=room_uuid(number))
        for number in range(ROOMS + EXTRA_ROOMS)
    )
    BoardSnapshot.objects.bulk_create(
        BoardSnapshot(session=session, state=stored_board()) for session in sessions[:ROOMS]
    )


if __name__ == "__main__":
    django.setup()
    create_rooms()
