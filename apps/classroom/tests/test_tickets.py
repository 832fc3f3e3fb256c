"""The join endpoint and its tickets, and the tickets and origins that sockets refuse."""

import asyncio
import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from apps.classroom.guest_sessions import save_guest
from apps.classroom.models import RoomBan
from apps.classroom.policies import Person, Role
from apps.classroom.realtime.server import tickets
from apps.classroom.tests.clients import refused_with
from apps.common import tokens
from apps.lessons.services import revoke_invites
from tests.builders import NOON, make_lesson

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
        response = join(user, **body)
        assert response.status_code == 200, response.content
        assert set(response.json()) == KEYS
        assert response.json()["role"] == role


def test_ticket_expires_after_a_minute(join, tutor):
    claims = tokens.read("room-ticket", join(tutor).json()["ticket"])
    assert 55 <= claims["exp"] - time.time() <= 61


def test_socket_urls_use_the_requested_host(join, tutor, lesson):
    response = join(tutor).json()
    room = f"/ws/classroom/{lesson.session.uuid}"
    assert response["events_url"] == f"ws://testserver{room}/events"
    assert response["board_url"] == f"ws://testserver{room}/board"


def test_participant_with_invite_is_not_a_guest(join, student, invite):
    assert join(student, invite=invite).json()["role"] == "student"


def test_stranger_without_invite_gets_no_ticket(join, stranger, other_tutor):
    assert join().status_code == 401
    for user in (stranger, other_tutor):
        response = join(user)
        assert (response.status_code, response.json()["error"]) == (403, "forbidden")


def test_ticket_for_unknown_room_is_not_found(join, tutor):
    response = join(tutor, room=uuid.uuid4())
    assert (response.status_code, response.json()["error"]) == (404, "not_found")


def test_guest_without_account_needs_a_name(join, invite):
    for name in ({}, {"name": "  \u202e\u0000 "}):
        response = join(invite=invite, **name)
        assert (response.status_code, response.json()["error"]) == (400, "validation_error")
        assert set(response.json()["fields"]) == {"name"}


def test_guest_is_the_same_person_after_reload(api, join, invite, lesson):
    client = api(None)
    first = join(client=client, invite=invite, name="Гість").json()["ticket"]
    for body in ({"invite": invite}, {}):
        again = join(client=client, **body).json()["ticket"]
        before, after = (tickets.verify(t, lesson.session.uuid).person for t in (first, again))
        assert before == after


def test_guest_can_change_their_name_without_the_invite(api, join, invite, lesson):
    client = api(None)
    first = join(client=client, invite=invite, name="Гість").json()["ticket"]
    second = join(client=client, name="Бабуся").json()["ticket"]
    before, after = (tickets.verify(t, lesson.session.uuid).person for t in (first, second))
    assert (before.name, after.name) == ("Гість", "Бабуся")
    assert before.key == after.key


def test_guest_with_account_is_called_by_its_name(join, api, invite, stranger, lesson):
    client = api(stranger)
    join(client=client, invite=invite, name="Somebody else")
    type(stranger).objects.filter(pk=stranger.pk).update(first_name="New")
    ticket = join(client=client, name="Somebody else").json()["ticket"]
    person = tickets.verify(ticket, lesson.session.uuid).person
    assert person.name == f"New {stranger.last_name}"


def test_guest_who_signs_in_is_a_guest_with_their_account(api, join, invite, stranger, lesson):
    client = api(None)
    join(client=client, invite=invite, name="Гість")
    client.force_login(stranger, "allauth.account.auth_backends.AuthenticationBackend")
    response = join(client=client).json()
    person = tickets.verify(response["ticket"], lesson.session.uuid).person
    assert (response["role"], person.user_id) == ("guest", stranger.pk)
    assert person.name == stranger.get_full_name()


def test_identity_of_guest_with_account_is_not_valid_for_others(
    api, join, stranger, other_tutor, lesson
):
    client = api(None)
    session, expiry = client.session, int(time.time()) + 60
    guest = Person(f"u{stranger.pk}", "Some Stranger", Role.GUEST, 0, expiry)
    save_guest(session, lesson.session.uuid, guest)
    session.save()
    assert join(client=client).status_code == 401
    for user, status in ((other_tutor, 403), (stranger, 200)):
        client.force_authenticate(user)
        assert join(client=client).status_code == status


@pytest.mark.parametrize("earlier", [False, True])
def test_invite_is_verified_once_per_request(api, join, invite, monkeypatch, earlier):
    client = api(None)
    if earlier:
        join(client=client, invite=invite, name="Гість")
    purposes = []
    read = tokens.read

    def count(purpose, *args, **kwargs):
        purposes.append(purpose)
        return read(purpose, *args, **kwargs)

    monkeypatch.setattr(tokens, "read", count)
    assert join(client=client, invite=invite, name="Гість").status_code == 200
    assert purposes == ["lesson-invite"]


def test_guest_identity_is_not_valid_in_another_room(api, join, invite, tutor, student):
    client = api(None)
    assert join(client=client, invite=invite, name="Гість").status_code == 200
    other = make_lesson(tutor, student, NOON + timedelta(days=1))
    assert join(client=client, room=other.session.uuid).status_code == 401
    response = join(client=client, room=other.session.uuid, invite=invite, name="Гість")
    assert (response.status_code, response.json()["error"]) == (400, "invite_invalid")


def test_invalid_and_expired_invites_are_refused(join, invite, lesson, stranger):
    from apps.lessons.invites import make_invite

    old = make_invite(lesson=lesson, now=timezone.now() - timedelta(days=2)).token
    response = join(stranger, invite=old)
    assert (response.status_code, response.json()["error"]) == (410, "invite_expired")
    assert join(stranger, invite=f"{invite}x").json()["error"] == "invite_invalid"
    revoke_invites(lesson_id=lesson.pk)
    assert join(stranger, invite=invite).json()["error"] == "invite_invalid"


def test_revoked_invite_ends_guest_access(api, join, invite, lesson):
    client = api(None)
    join(client=client, invite=invite, name="Гість")
    revoke_invites(lesson_id=lesson.pk)
    response = join(client=client)
    assert (response.status_code, response.json()["error"]) == (400, "invite_invalid")


def test_cancelled_lesson_gives_no_ticket(api, join, tutor, student, lesson):
    api(tutor).post(f"/api/lessons/{lesson.pk}/cancel/")
    for user in (tutor, student):
        response = join(user)
        assert (response.status_code, response.json()["error"]) == (409, "lesson_cancelled")


@pytest.mark.parametrize("status", ["paused", "removed"])
def test_suspended_student_gets_no_ticket(join, student, lesson, status):
    lesson.classroom.memberships.update(status=status)
    response = join(student)
    assert (response.status_code, response.json()["error"]) == (403, "not_a_member")


def test_removed_person_gets_no_ticket(join, student, lesson):
    RoomBan.objects.create(session=lesson.session, person=f"u{student.pk}")
    response = join(student)
    assert (response.status_code, response.json()["error"]) == (403, "forbidden")


def test_no_relay_is_returned_without_turn_urls(join, tutor):
    assert join(tutor).json()["ice_servers"] == []


def test_relay_credentials_match_coturn(join, tutor, settings):
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


def _tutor(live_room):
    return Person(f"u{live_room.tutor.pk}", "T", Role.TUTOR)


def _bad_tickets(live_room):
    now, person = timezone.now(), _tutor(live_room)
    good, _ = tickets.issue(room=live_room.uuid, person=person, now=now)
    claims = tokens.read("room-ticket", good)
    later = now + timedelta(minutes=1)
    yield "missing", ""
    yield "nonsense", "a.b.c"
    yield (
        "expired",
        tickets.issue(room=live_room.uuid, person=person, now=now - timedelta(hours=1))[0],
    )
    yield "of another room", tickets.issue(room=uuid.uuid4(), person=person, now=now)[0]
    for purpose in ("lesson-invite", "access-token", "room-tickets", ""):
        yield f"for {purpose}", tokens.sign(purpose, claims, expires_at=later)
    head, body, signature = good.split(".")
    yield "unsigned", f"{head}.{body}."
    other = tokens.sign("room-ticket", {**claims, "person": "u999"}, expires_at=later)
    yield "spliced", f"{head}.{other.split('.')[1]}.{signature}"
    flipped = "A" if body[5] != "A" else "B"
    yield "changed", f"{head}.{body[:5]}{flipped}{body[6:]}.{signature}"
    yield "an invite", live_room.invite()


def test_invalid_tickets_are_refused(live_room):
    async def codes(kind, cases):
        return {what: await refused_with(live_room.url(kind, ticket)) for what, ticket in cases}

    cases = list(_bad_tickets(live_room))
    for kind in ("board", "events"):
        assert asyncio.run(codes(kind, cases)) == {what: 4401 for what, _ in cases}


def test_ticket_of_deleted_room_is_refused(live_room):
    ticket = live_room.ticket(live_room.tutor)
    live_room.session.delete()
    assert asyncio.run(refused_with(live_room.url("board", ticket))) == 4404


@pytest.mark.parametrize("path", ["/ws/", "/ws/classroom/x/board", "/ws/classroom/{0}/x"])
def test_socket_to_unknown_path_is_refused(live_room, path):
    url = live_room.server.replace("http", "ws") + path.format(live_room.uuid)
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
def test_foreign_origin_is_refused(live_room, settings, origin, welcome):
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    url = live_room.url("events", live_room.ticket(live_room.tutor))
    headers = {} if origin is None else {"Origin": origin.format(server=live_room.server)}

    async def status():
        try:
            async with connect(url, additional_headers=headers):
                return 101
        except InvalidStatus as exc:
            return exc.response.status_code

    if "\udcff" in (origin or ""):
        headers = {"Origin": "http://ї.example".encode().decode("latin-1")}
    assert asyncio.run(status()) == (101 if welcome else 403)


def test_uses_of_expired_tickets_are_forgotten(monkeypatch):
    tutor = Person("u1", "Tutor", Role.TUTOR)
    monkeypatch.setattr(tickets, "verify", lambda value, _room: tickets.Ticket(value, tutor, 1))
    counted, room = tickets.TicketUses(), uuid.uuid4()
    for number in range(1000):
        counted.redeem(str(number), room, "events")
    assert len(counted._uses) <= 1
