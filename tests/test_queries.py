"""The number of queries of each list is the same for 1 row and for 50."""

import uuid
from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.billing.accounts import get_account
from apps.billing.ledger import append_entry
from apps.classroom.models import Attendance, BoardVersion, ChatMessage
from apps.lessons.models import Participant
from tests.builders import (
    HOUR,
    NOON,
    bearer,
    make_classroom,
    make_lesson,
    make_membership,
    make_series,
    make_user,
    sign_up,
)

pytestmark = pytest.mark.django_db

IDENTITY = 2  # the session and its user
ROOM_ACCESS = 5  # the room, its lesson, and inactive, removed and admitted users


@pytest.fixture
def count_queries(api):
    def count(user, url):
        client = api(user)
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(url)
        assert answer.status_code == 200
        executed = [query["sql"].lstrip() for query in captured.captured_queries]
        selects = [sql for sql in executed if sql.startswith(("SELECT", "WITH"))]
        assert selects == executed
        return len(selects), len(answer.json()["results"])

    return count


@pytest.mark.parametrize("role", ["tutor", "student"])
def test_lessons_of_groups_take_one_query(count_queries, tutor, student, role):
    lesson = make_lesson(tutor, student)
    user = {"tutor": tutor, "student": student}[role]
    for _ in range(29):
        Participant.objects.create(lesson=lesson, student=make_user("student"))
    url = "/api/lessons?from=2026-03-01&to=2026-06-01"
    assert count_queries(user, url) == (IDENTITY + 1, 1)


@pytest.mark.parametrize("role", ["tutor", "student"])
def test_lesson_list_has_a_constant_number_of_queries(count_queries, tutor, student, role):
    make_lesson(tutor, student)
    user = {"tutor": tutor, "student": student}[role]
    url = "/api/lessons?from=2026-03-01&to=2026-06-01"
    assert count_queries(user, url) == (IDENTITY + 1, 1)
    for day in range(1, 50):
        make_lesson(tutor, student, NOON + 24 * day * HOUR)
    assert count_queries(user, url) == (IDENTITY + 1, 50)


def test_student_list_has_a_constant_number_of_queries(count_queries, tutor):
    classroom = make_classroom(tutor, make_user("student"))
    url = "/api/classroom/my-students/?limit=100"
    assert count_queries(tutor, url) == (IDENTITY + 1, 1)
    for _ in range(49):
        make_membership(classroom, make_user("student"))
    assert count_queries(tutor, url) == (IDENTITY + 1, 50)
    assert count_queries(tutor, f"{url}&q=number") == (IDENTITY + 1, 50)
    assert count_queries(tutor, f"{url}&offset=200") == (IDENTITY + 2, 0)
    assert count_queries(tutor, f"{url}&q=nobody") == (IDENTITY + 1, 0)


def test_classroom_list_has_a_constant_number_of_queries(count_queries, tutor):
    make_classroom(tutor)
    url = "/api/classrooms/?limit=100"
    assert count_queries(tutor, url) == (IDENTITY + 2, 1)
    for _ in range(49):
        make_classroom(tutor)
    assert count_queries(tutor, url) == (IDENTITY + 2, 50)


def test_member_list_has_a_constant_number_of_queries(count_queries, tutor):
    classroom = make_classroom(tutor, make_user("student"))
    url = f"/api/classrooms/{classroom.pk}/members/?limit=100"
    assert count_queries(tutor, url) == (IDENTITY + 3, 1)
    for _ in range(49):
        make_membership(classroom, make_user("student"))
    assert count_queries(tutor, url) == (IDENTITY + 3, 50)


@pytest.mark.parametrize("role", ["tutor", "student"])
def test_series_lists_have_a_constant_number_of_queries(count_queries, tutor, student, role):
    make_classroom(tutor, student)
    start = datetime.fromisoformat("2026-03-02T00:00")
    series = make_series(tutor, student, starts_at=start, rrule="FREQ=DAILY;COUNT=50")
    user = {"tutor": tutor, "student": student}[role]
    of_role = {"tutor": 0, "student": 1}[role]
    lessons = f"/api/lesson-series/{series.pk}/lessons/"
    assert count_queries(user, f"{lessons}?limit=1") == (IDENTITY + 4 + of_role, 1)
    assert count_queries(user, f"{lessons}?limit=50") == (IDENTITY + 4 + of_role, 50)
    url = "/api/lesson-series/?limit=20"
    assert count_queries(user, url) == (IDENTITY + 3, 1)
    for hour in range(1, 12):
        make_series(tutor, student, starts_at=start.replace(hour=hour), rrule="FREQ=DAILY;COUNT=1")
    assert count_queries(user, url) == (IDENTITY + 3, 12)


@pytest.mark.parametrize("role", ["tutor", "student"])
def test_account_and_its_entries_have_a_constant_number_of_queries(
    api, count_queries, tutor, student, classroom, role
):
    account = get_account(tutor, student)
    user = {"tutor": tutor, "student": student}[role]
    url = f"/api/students/{student.pk}/account/"
    executed = set()
    for number in (1, 49):
        for _ in range(number):
            append_entry(account=account, kind="pack", unit="lesson", amount=Decimal(8))
            append_entry(account=account, kind="payment", unit="UAH", amount=Decimal(9))
        executed.add(count_queries(user, f"{url}entries/?limit=100")[0])
        client = api(user)
        with CaptureQueriesContext(connection) as captured:
            assert len(client.get(url).json()["packs"]) == number + (number > 1)
        executed.add(("account", len(captured)))
    assert len(executed) == 2, executed


def chat(session, number):
    ChatMessage.objects.create(session=session, uuid=uuid.uuid4(), person="u1", text=f"{number}")


def attendance(session, number):
    now = timezone.now()
    Attendance.objects.create(
        session=session, peer=uuid.uuid4(), person=f"u{number}", joined_at=now, seen_at=now
    )


def history(session, number):
    BoardVersion.objects.create(session=session, state=b"%d" % number)


@pytest.mark.parametrize("make", [chat, attendance, history])
@pytest.mark.parametrize("role", ["tutor", "student"])
def test_room_list_has_a_constant_number_of_queries(count_queries, tutor, student, make, role):
    session = make_lesson(tutor, student).session
    user = {"tutor": tutor, "student": student}[role]
    url = f"/api/classroom/sessions/{session.uuid}/{make.__name__}/"
    make(session, 0)
    assert count_queries(user, url) == (IDENTITY + ROOM_ACCESS + 1, 1)
    for number in range(1, 50):
        make(session, number)
    assert count_queries(user, url) == (IDENTITY + ROOM_ACCESS + 1, 50)


def test_access_token_needs_no_more_queries_than_a_cookie(db):
    client = bearer(sign_up().json()["meta"]["access_token"])
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/api/lessons?from=2026-03-01&to=2026-06-01").status_code == 200
    assert len(captured) == IDENTITY + 1, [q["sql"] for q in captured.captured_queries]
