"""The rights of several students of one lesson in its room."""

import asyncio

import pytest
from django.utils import timezone

from apps.classroom.access_state import load_room_access
from apps.classroom.lessons import get_lessons
from apps.classroom.policies import Person, Role, refusal
from apps.classroom.tests.test_rights import close_codes, in_thread, tickets_for
from apps.lessons.models import Participant
from apps.lessons.participants import remove_student
from tests.builders import make_classroom, make_membership, make_user

pytestmark = pytest.mark.usefixtures("frequent_checks")


@pytest.fixture
def second(live_room):
    """A second student of the lesson and member of its classroom."""
    student = make_user("student", "Юлія", "Яценко")
    make_membership(live_room.lesson.classroom, student)
    Participant.objects.create(lesson=live_room.lesson, student=student)
    return student


def set_status(student, status):
    Participant.objects.filter(student=student).update(status=status)


def room_statuses(live_room, client):
    urls = [f"/api/classroom/sessions/{live_room.uuid}/{what}/" for what in ("board", "chat")]
    return {client.get(url).status_code for url in urls}


def test_each_student_enters_as_a_student(live_room, second):
    for student in (live_room.student, second):
        answer = live_room.join(student)
        assert (answer.status_code, answer.json()["role"]) == (200, "student")


@pytest.mark.parametrize("status", ["cancelled", "late_cancelled"])
def test_student_who_cancelled_reads_and_does_not_enter(live_room, second, api, status):
    set_status(second, status)
    answer = live_room.join(second)
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert live_room.join(second, invite=live_room.invite()).status_code == 403
    assert room_statuses(live_room, api(second)) == {200}
    assert live_room.join(live_room.student).status_code == 200


def test_student_who_cancels_leaves_the_room(live_room, second):
    act = in_thread(lambda: set_status(second, "cancelled"))
    assert close_codes(live_room, tickets_for(live_room, second), act) == (4403, 4403)


def test_removed_student_leaves_the_room_and_the_others_stay(live_room, second):
    async def scenario(removed_ticket, other_ticket):
        async with (
            live_room.events(removed_ticket) as removed,
            live_room.events(other_ticket) as other,
        ):
            await removed.wait_for("welcome")
            await other.wait_for("welcome")
            act = in_thread(lambda: remove_student(lesson=live_room.lesson, student_id=second.pk))
            await asyncio.to_thread(act)
            assert await removed.close_code() == 4403
            await other.wait_for("peer.left")
            await other.receive_pending()

    asyncio.run(scenario(live_room.ticket(second), live_room.ticket(live_room.student)))


def test_member_of_another_classroom_of_the_tutor_enters(live_room):
    student = make_user("student")
    elsewhere = make_classroom(live_room.tutor, student)
    Participant.objects.create(lesson=live_room.lesson, student=student)
    assert live_room.join(student).status_code == 200
    elsewhere.memberships.update(status="paused")
    assert live_room.join(student).json()["error"] == "not_a_member"
    elsewhere.memberships.update(status="active")
    make_membership(live_room.lesson.classroom, student, "removed")
    assert live_room.join(student).json()["error"] == "not_a_member"


def test_guests_are_refused_once_no_student_is_a_member(live_room, second):
    guest = Person("g1", "Guest", Role.GUEST, 0, int(timezone.now().timestamp()) + 60)
    members = live_room.lesson.classroom.memberships

    def is_refused():
        access = load_room_access([live_room.session.pk], [guest], lessons=get_lessons())
        return refusal(access[live_room.session.pk], guest, timezone.now()) is not None

    assert not is_refused()
    members.filter(student=second).update(status="paused")
    assert not is_refused()
    members.update(status="paused")
    assert is_refused()


def test_state_of_a_room_takes_the_same_queries_for_many_students(
    live_room, django_assert_num_queries
):
    lessons = get_lessons()
    with django_assert_num_queries(1):
        lessons.load([live_room.lesson.pk])
    for _ in range(29):
        Participant.objects.create(lesson=live_room.lesson, student=make_user("student"))
    with django_assert_num_queries(1):
        state = lessons.load([live_room.lesson.pk])[live_room.lesson.pk]
    assert len(state.students) == 30
