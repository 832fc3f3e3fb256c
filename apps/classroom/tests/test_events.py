"""The events socket: presence, chat, hand, media, signalling, quality, timer, the end."""

import asyncio
import json
import uuid
from contextlib import asynccontextmanager

import pytest

from apps.classroom.models import ChatMessage
from apps.lessons.models import Lesson


@pytest.fixture
def two(house):
    """Runs a scenario with the tutor's and the student's events sockets, both welcomed."""
    people = house.ticket(house.tutor), house.ticket(house.student)

    @asynccontextmanager
    async def connected():
        async with house.events(people[0]) as tutor:
            tutor.welcome = await tutor.until("welcome")
            async with house.events(people[1]) as student:
                student.welcome = await student.until("welcome")
                student.peer = student.welcome["you"]["peer"]
                tutor.peer = tutor.welcome["you"]["peer"]
                await tutor.until("peer.joined")
                yield tutor, student

    def run(scenario):
        async def play():
            async with connected() as (tutor, student):
                await scenario(tutor, student)

        asyncio.run(play())

    return run


def test_the_welcome_says_who_and_where(two, house):
    async def scenario(tutor, student):
        welcome = student.welcome
        assert welcome["v"] == 1
        assert welcome["you"] == {
            "peer": student.peer, "person": f"u{house.student.pk}", "name": "Олена Коваль",
            "role": "student", "since": welcome["you"]["since"], "state": "in",
        }  # fmt: skip
        assert welcome["room"]["lesson_id"] == house.lesson.pk
        assert (welcome["room"]["lobby_enabled"], welcome["room"]["timer_ends_at"]) == (True, None)
        (peer,) = welcome["peers"]
        assert peer == {
            "peer": tutor.peer, "person": f"u{house.tutor.pk}", "name": "Тарас Вчитель",
            "role": "tutor", "since": tutor.welcome["you"]["since"], "hand": False,
            "media": {"camera": False, "microphone": False, "screen": False},
        }  # fmt: skip

    two(scenario)


def test_two_tabs_are_two_peers_and_one_person_and_all_know_which_is_newer(two, house):
    ticket = house.ticket(house.student)

    async def scenario(tutor, student):
        async with house.events(ticket) as tab:
            peers = (await tab.until("welcome"))["peers"]
            assert {p["person"] for p in peers} == {f"u{house.tutor.pk}", f"u{house.student.pk}"}
            second = (await tutor.until("peer.joined"))["peer"]
            assert second["person"] == f"u{house.student.pk}"
            assert second["peer"] != student.peer
            assert second["since"] > student.welcome["you"]["since"]
        assert (await tutor.until("peer.left"))["peer"] == second["peer"]
        assert "peer.left" not in [m["type"] for m in await tutor.quiet()]

    two(scenario)


def test_an_abrupt_end_of_the_connection_is_a_leaving(two):
    async def scenario(tutor, student):
        student.socket.transport.abort()
        await tutor.until("peer.left", peer=student.peer)

    two(scenario)


def test_hand_and_media_are_told_to_the_others(two):
    async def scenario(tutor, student):
        await student.send("hand", raised=True)
        assert (await tutor.until("peer.changed"))["peer"]["hand"] is True
        await student.send("media", camera=True, microphone=True, screen=False)
        changed = (await tutor.until("peer.changed"))["peer"]
        assert changed["media"] == {"camera": True, "microphone": True, "screen": False}
        assert changed["hand"] is True
        assert await student.quiet() == []

    two(scenario)


def test_chat_reaches_everybody_and_stays(two, house, api):
    async def scenario(tutor, student):
        id_ = await student.say("<b>Привіт</b> https://example.org")
        for person in (tutor, student):
            message = (await person.until("chat"))["message"]
            assert message["id"] == id_
            assert message["text"] == "<b>Привіт</b> https://example.org"
            assert (message["name"], message["role"]) == ("Олена Коваль", "student")

    two(scenario)
    answer = api(house.tutor).get(f"/api/classroom/sessions/{house.uuid}/chat/").json()
    assert [m["text"] for m in answer["results"]] == ["<b>Привіт</b> https://example.org"]


def test_the_same_message_twice_is_one(two):
    async def scenario(tutor, student):
        id_ = await student.say("once")
        await student.until("chat")
        await student.say("once", id_)
        assert (await student.until("chat"))["message"]["id"] == id_  # it had arrived
        await tutor.until("chat")
        assert await tutor.quiet() == []

    two(scenario)
    assert ChatMessage.objects.count() == 1


def test_somebody_elses_id_is_no_message(two):
    async def scenario(tutor, student):
        id_ = await student.say("mine")
        await tutor.until("chat")
        await tutor.say("not mine", id_)
        assert (await tutor.until("error"))["ref"] == "chat.send"

    two(scenario)
    assert ChatMessage.objects.get().text == "mine"


def test_who_comes_later_reads_the_last_200(house):
    ChatMessage.objects.bulk_create(
        ChatMessage(
            session=house.session, uuid=uuid.uuid4(), person="u1", name="N", role="tutor",
            text=str(number),
        )
        for number in range(205)
    )  # fmt: skip

    async def scenario(ticket):
        async with house.events(ticket) as events:
            chat = (await events.until("welcome"))["chat"]
            assert [int(message["text"]) for message in chat] == list(range(5, 205))

    asyncio.run(scenario(house.ticket(house.student)))


def test_a_signal_goes_to_its_peer_alone(two, house):
    ticket = house.ticket(house.student)

    async def scenario(tutor, student):
        async with house.events(ticket) as tab:
            await tab.until("welcome")
            data = {"description": {"type": "offer", "sdp": "v=0"}}
            await tutor.send("signal", to=student.peer, data=data)
            signal = await student.until("signal")
            assert signal == {"type": "signal", "from": tutor.peer, "data": data}
            await student.send("signal", to=tutor.peer, data={"candidate": None})
            assert (await tutor.until("signal"))["from"] == student.peer
            assert "signal" not in [message["type"] for message in await tab.quiet()]

    two(scenario)


def test_a_signal_to_nobody_is_an_error(two):
    async def scenario(tutor, student):
        await student.send("signal", to=str(uuid.uuid4()), data={})
        error = await student.until("error")
        assert (error["code"], error["ref"]) == ("no_such_peer", "signal")

    two(scenario)


def test_quality_goes_to_the_tutor_alone(two, house):
    ticket = house.ticket(house.student)

    async def scenario(tutor, student):
        async with house.events(ticket) as tab:
            await tab.until("welcome")
            await student.send("quality", level="poor", rtt_ms=340, loss=0.12)
            assert await tutor.until("quality") == {
                "type": "quality", "peer": student.peer, "level": "poor", "rtt_ms": 340,
                "loss": 0.12,
            }  # fmt: skip
            assert "quality" not in [message["type"] for message in await tab.quiet()]

    two(scenario)


def test_the_tutor_mutes_a_peer(two):
    async def scenario(tutor, student):
        await tutor.send("mute", peer=student.peer)
        await student.until("muted")

    two(scenario)


def test_the_timer_is_told_to_all_and_to_those_who_come_later(two, house):
    ticket = house.ticket(house.student)

    async def scenario(tutor, student):
        await tutor.send("timer.set", seconds=300)
        ends_at = (await student.until("timer"))["ends_at"]
        assert ends_at == (await tutor.until("timer"))["ends_at"]
        async with house.events(ticket) as tab:
            assert (await tab.until("welcome"))["room"]["timer_ends_at"] == ends_at
        await tutor.send("timer.set", seconds=0)
        await student.until("timer", ends_at=None)

    two(scenario)


def test_the_end_completes_the_lesson(two, house):
    async def scenario(tutor, student):
        await tutor.send("end")
        for person in (tutor, student):
            await person.until("ended")

    two(scenario)
    house.lesson.refresh_from_db()
    assert house.lesson.status == Lesson.Status.COMPLETED


@pytest.mark.parametrize(
    ("frame", "code", "ref"),
    [
        ({"type": "no.such"}, "unknown_type", "no.such"),
        ({"type": "__init__"}, "unknown_type", "__init__"),
        ({"type": "chat.send"}, "bad_shape", "chat.send"),
        ({"type": "chat.send", "id": "x", "text": "t"}, "bad_shape", "chat.send"),
        ({"type": "chat.send", "id": str(uuid.uuid4()), "text": ""}, "bad_shape", "chat.send"),
        (
            {"type": "chat.send", "id": str(uuid.uuid4()), "text": "x" * 4001},
            "bad_shape",
            "chat.send",
        ),
        ({"type": "hand", "raised": 1}, "bad_shape", "hand"),
        ({"type": "hand", "raised": True, "more": 1}, "bad_shape", "hand"),
        ({"type": "quality", "level": "superb"}, "bad_shape", "quality"),
        ({"type": "quality", "level": "good", "loss": 2}, "bad_shape", "quality"),
        ({"type": "timer.set", "seconds": 86401}, "bad_shape", "timer.set"),
        ({"type": "remove", "person": "'; drop table"}, "bad_shape", "remove"),
    ],
)
def test_what_makes_no_sense_is_answered_and_the_socket_lives(two, frame, code, ref):
    async def scenario(tutor, student):
        await tutor.socket.send(json.dumps(frame))
        error = await tutor.until("error")
        assert (error["code"], error["ref"]) == (code, ref)
        assert await tutor.quiet() == []
        assert await student.quiet() == []

    two(scenario)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", 4400),
        ("{", 4400),
        ("[]", 4400),
        ("null", 4400),
        ('{"type": 1}', 4400),
        ('{"type": "ping"', 4400),
        ("[" * 60000, 4400),
        (b'{"type": "ping"}', 4400),
        (json.dumps({"type": "ping", "x": "y" * 70000}), 4413),
    ],
)
def test_what_is_no_message_closes_that_one_socket(two, frame, code):
    async def scenario(tutor, student):
        await student.socket.send(frame)
        assert await student.close_code() == code
        await tutor.until("peer.left", peer=student.peer)
        await tutor.quiet()

    two(scenario)


def test_a_flood_closes_that_one_socket(two):
    async def scenario(tutor, student):
        for _ in range(400):
            await student.send("ping")
        assert await student.close_code() == 4429
        await tutor.until("peer.left", peer=student.peer)

    two(scenario)
