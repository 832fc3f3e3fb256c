from dataclasses import replace

import pytest

from apps.classroom.policies import Person, Role
from apps.web.room.views import room_context
from tests.builders import make_series, make_user


@pytest.fixture
def member(tutor):
    return Person(f"u{tutor.pk}", tutor.get_full_name(), Role.TUTOR)


def test_participant_has_a_lesson_url_and_guest_has_none(lesson, member):
    room = lesson.session.uuid
    guest = Person("g1", "Ada", Role.GUEST)
    assert room_context(lesson, room, member, None)["lessonUrl"] == f"/lessons/{lesson.pk}/"
    context = room_context(lesson, room, guest, None)
    assert (context["lessonUrl"], context["user"]) == ("", {"name": "Ada"})


def test_only_guest_without_account_is_asked_for_a_name(lesson, member):
    room = lesson.session.uuid
    people = [member, replace(member, role=Role.GUEST), Person("g1", "Ada", Role.GUEST)]
    assert [room_context(lesson, room, person, None)["guest"] for person in people] == [
        False,
        False,
        True,
    ]


def test_room_uses_the_time_zone_of_the_account(lesson, member):
    zones = ["America/New_York", None]
    context = [room_context(lesson, lesson.session.uuid, member, zone) for zone in zones]
    assert [one["timeZone"] for one in context] == zones


def test_title_names_the_other_participant(lesson, member, tutor, student):
    room = lesson.session.uuid
    guest = Person("g1", "Ada", Role.GUEST)
    assert student.get_full_name() in room_context(lesson, room, member, None)["title"]
    assert tutor.get_full_name() in room_context(lesson, room, guest, None)["title"]


def test_stranger_is_forbidden_and_visitor_is_redirected_to_sign_in(client, lesson, stranger):
    address = f"/lessons/{lesson.pk}/room/"
    assert client.get(address).url == f"/accounts/login/?next={address}"
    client.force_login(stranger, "allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(address).status_code == 403


def test_unknown_lesson_is_not_found_and_visitor_is_redirected_to_sign_in(client, tutor):
    address = "/lessons/999999/room/"
    assert client.get(address).url == f"/accounts/login/?next={address}"
    client.force_login(tutor, "allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(address).status_code == 404


def test_board_of_the_lesson_before_is_linked_for_those_who_may_see_it(tutor, student, classroom):
    first, second, *_others = make_series(tutor, student).lessons.in_order()
    newcomer = make_user("student")
    second.participants.create(student=newcomer)

    def url(lesson, user):
        person = Person(f"u{user.pk}", "", Role.TUTOR if user.is_tutor else Role.STUDENT)
        return room_context(lesson, lesson.session.uuid, person, None)["previousBoardUrl"]

    assert url(first, tutor) == url(second, newcomer) == ""
    assert url(second, tutor) == url(second, student) == f"/lessons/{first.pk}/board/"
