"""`join` and the tickets it gives: who gets one, and that a socket takes no other."""

import asyncio
import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from apps.classroom.models import RoomBan
from apps.classroom.policies import Person, Role
from apps.classroom.realtime.server import tickets
from apps.classroom.tests.clients import refused_with
from apps.common import tokens
from conftest import NOON, make_lesson

KEYS = {"ticket", "expires_at", "role", "events_url", "board_url", "ice_servers"}


@pytest.fixture
def join(api, lesson):
    def post(user=None, client=None, room=None, **body):
        client = client or api(user)
        room = room or lesson.session.uuid
        return client.post(f"/api/classroom/sessions/{room}/join/", body, format="json")

    return post


@pytest.fixture
def invite(lesson):
    from apps.lessons.invites import make_invite

    return make_invite(lesson=lesson, now=timezone.now()).token


def test_tutor_student_and_guest_get_a_ticket(join, tutor, student, stranger, invite):
    for user, body, role in (
        (tutor, {}, "tutor"),
        (student, {}, "student"),
        (stranger, {"invite": invite}, "guest"),
        (None, {"invite": invite, "name": "Бабуся"}, "guest"),
    ):
        answer = join(user, **body)
        assert answer.status_code == 200, answer.content
        assert set(answer.json()) == KEYS
        assert answer.json()["role"] == role


def test_a_ticket_lives_about_a_minute(join, tutor):
    claims = tokens.read("room-ticket", join(tutor).json()["ticket"])
    assert 55 <= claims["exp"] - time.time() <= 61


def test_the_sockets_are_on_the_host_that_was_asked(join, tutor, lesson):
    answer = join(tutor).json()
    room = f"/ws/classroom/{lesson.session.uuid}"
    assert answer["events_url"] == f"ws://testserver{room}/events"
    assert answer["board_url"] == f"ws://testserver{room}/board"


def test_the_lessons_own_two_need_no_invite_and_are_no_guests(join, student, invite):
    assert join(student, invite=invite).json()["role"] == "student"


def test_nobody_gets_none(join, stranger, other_tutor):
    assert join().status_code == 401
    for user in (stranger, other_tutor):
        answer = join(user)
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


def test_a_room_that_is_not_there(join, tutor):
    answer = join(tutor, room=uuid.uuid4())
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_a_guest_without_an_account_needs_a_name(join, invite):
    for name in ({}, {"name": "  \u202e\u0000 "}):
        answer = join(invite=invite, **name)
        assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
        assert set(answer.json()["fields"]) == {"name"}


def test_a_guest_is_the_same_person_after_a_reload(api, join, invite, lesson):
    client = api(None)
    first = join(client=client, invite=invite, name="Гість").json()["ticket"]
    for body in ({"invite": invite}, {}):
        again = join(client=client, **body).json()["ticket"]
        assert tickets.read(first, lesson.session.uuid) == tickets.read(again, lesson.session.uuid)


def test_a_guest_of_one_room_is_nobody_in_another(api, join, invite, tutor, student):
    client = api(None)
    assert join(client=client, invite=invite, name="Гість").status_code == 200
    other = make_lesson(tutor, student, NOON + timedelta(days=1))
    assert join(client=client, room=other.session.uuid).status_code == 401
    answer = join(client=client, room=other.session.uuid, invite=invite, name="Гість")
    assert (answer.status_code, answer.json()["error"]) == (400, "invite_invalid")


def test_invites_that_are_no_good(join, invite, lesson, stranger):
    from apps.lessons.invites import make_invite

    old = make_invite(lesson=lesson, now=timezone.now() - timedelta(days=2)).token
    answer = join(stranger, invite=old)
    assert (answer.status_code, answer.json()["error"]) == (410, "invite_expired")
    assert join(stranger, invite=f"{invite}x").json()["error"] == "invite_invalid"
    lesson.revoke_invites()
    assert join(stranger, invite=invite).json()["error"] == "invite_invalid"


def test_revoking_ends_what_a_guest_was_let_into(api, join, invite, lesson):
    client = api(None)
    join(client=client, invite=invite, name="Гість")
    lesson.revoke_invites()
    answer = join(client=client)
    assert (answer.status_code, answer.json()["error"]) == (400, "invite_invalid")


def test_a_cancelled_lesson_gives_none(api, join, tutor, student, lesson):
    api(tutor).post(f"/api/lessons/{lesson.pk}/cancel/")
    for user in (tutor, student):
        answer = join(user)
        assert (answer.status_code, answer.json()["error"]) == (409, "lesson_cancelled")


@pytest.mark.parametrize("status", ["paused", "removed"])
def test_a_student_who_is_no_member_any_more_gets_none(join, student, lesson, status):
    lesson.classroom.memberships.update(status=status)
    answer = join(student)
    assert (answer.status_code, answer.json()["error"]) == (403, "not_a_member")


def test_a_removed_person_gets_none(join, student, lesson):
    RoomBan.objects.create(session=lesson.session, person=f"u{student.pk}")
    answer = join(student)
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


def test_no_relay_is_named_unless_the_school_says_so(join, tutor):
    assert join(tutor).json()["ice_servers"] == []


def test_relay_credentials_are_those_coturn_expects(join, tutor, settings):
    import base64
    import hashlib
    import hmac

    settings.TURN_URLS, settings.TURN_SECRET = ["turn:turn.example:3478"], "between us"
    (server,) = join(tutor).json()["ice_servers"]
    expiry, person = server["username"].split(":")
    assert person == f"u{tutor.pk}"
    assert 0 < int(expiry) - time.time() <= 12 * 3600
    digest = hmac.new(b"between us", server["username"].encode(), hashlib.sha1).digest()
    assert server["credential"] == base64.b64encode(digest).decode()
    assert server["urls"] == ["turn:turn.example:3478"]


def _tutor(house):
    return Person(f"u{house.tutor.pk}", "T", Role.TUTOR)


def _bad_tickets(house):
    now, person = timezone.now(), _tutor(house)
    good, _ = tickets.issue(room=house.uuid, person=person, now=now)
    claims = tokens.read("room-ticket", good)
    later = now + timedelta(minutes=1)
    yield "missing", ""
    yield "nonsense", "a.b.c"
    yield "expired", tickets.issue(room=house.uuid, person=person, now=now - timedelta(hours=1))[0]
    yield "of another room", tickets.issue(room=uuid.uuid4(), person=person, now=now)[0]
    for purpose in ("lesson-invite", "access-token", "room-tickets", ""):
        yield f"for {purpose}", tokens.sign(purpose, claims, expires_at=later)
    head, body, signature = good.split(".")
    yield "unsigned", f"{head}.{body}."
    other = tokens.sign("room-ticket", {**claims, "person": "u999"}, expires_at=later)
    yield "spliced", f"{head}.{other.split('.')[1]}.{signature}"
    flipped = "A" if body[5] != "A" else "B"
    yield "changed", f"{head}.{body[:5]}{flipped}{body[6:]}.{signature}"
    yield "an invite", house.invite()


def test_no_other_ticket_opens_a_socket(house):
    async def codes(kind, cases):
        return {what: await refused_with(house.url(kind, ticket)) for what, ticket in cases}

    cases = list(_bad_tickets(house))
    for kind in ("board", "events"):
        assert asyncio.run(codes(kind, cases)) == {what: 4401 for what, _ in cases}


def test_a_good_ticket_of_a_room_that_is_gone(house):
    ticket = house.ticket(house.tutor)
    house.session.delete()
    assert asyncio.run(refused_with(house.url("board", ticket))) == 4404


@pytest.mark.parametrize("path", ["/ws/", "/ws/classroom/x/board", "/ws/classroom/{0}/x"])
def test_a_socket_to_nowhere(house, path):
    url = house.server.replace("http", "ws") + path.format(house.uuid)
    assert asyncio.run(refused_with(url)) == 4404


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        (None, True),
        ("{server}", True),
        ("http://127.0.0.1:8000", True),  # PUBLIC_URL
        ("http://evil.example", False),
        ("null", False),
        ("{server}.evil.example", False),
        ("http://127.0.0.1:1", False),
        ("http://\udcff", False),
    ],
)
def test_only_our_own_pages_may_open_a_socket(house, settings, origin, welcome):
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    url = house.url("events", house.ticket(house.tutor))
    headers = {} if origin is None else {"Origin": origin.format(server=house.server)}

    async def status():
        try:
            async with connect(url, additional_headers=headers):
                return 101
        except InvalidStatus as exc:
            return exc.response.status_code

    if "\udcff" in (origin or ""):
        headers = {"Origin": "http://ї.example".encode().decode("latin-1")}
    assert asyncio.run(status()) == (101 if welcome else 403)
