"""The events socket: presence, chat, hand, media, signalling, quality, timer, end."""

import asyncio
import json
import uuid
from contextlib import asynccontextmanager

import pytest

from apps.classroom.models import ChatMessage
from apps.lessons.models import Lesson


@pytest.fixture
def run_with_both(live_room):
    """Run a scenario with the events sockets of tutor and student, both after `welcome`."""
    tickets = live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)

    @asynccontextmanager
    async def connected():
        async with live_room.events(tickets[0]) as tutor:
            tutor.welcome = await tutor.wait_for("welcome")
            async with live_room.events(tickets[1]) as student:
                student.welcome = await student.wait_for("welcome")
                student.peer = student.welcome["you"]["peer"]
                tutor.peer = tutor.welcome["you"]["peer"]
                await tutor.wait_for("peer.joined")
                yield tutor, student

    def run(scenario):
        async def play():
            async with connected() as (tutor, student):
                await scenario(tutor, student)

        asyncio.run(play())

    return run


def test_welcome_describes_room_and_peers(run_with_both, live_room):
    async def scenario(tutor, student):
        welcome = student.welcome
        assert welcome["v"] == 1
        assert welcome["you"] == {
            "peer": student.peer, "person": f"u{live_room.student.pk}", "name": "Олена Коваль",
            "role": "student", "since": welcome["you"]["since"], "state": "in",
        }  # fmt: skip
        assert welcome["room"]["lesson_id"] == live_room.lesson.pk
        assert (welcome["room"]["lobby_enabled"], welcome["room"]["timer_ends_at"]) == (True, None)
        (peer,) = welcome["peers"]
        assert peer == {
            "peer": tutor.peer, "person": f"u{live_room.tutor.pk}", "name": "Тарас Вчитель",
            "role": "tutor", "since": tutor.welcome["you"]["since"], "hand": False,
            "media": {"camera": False, "microphone": False, "screen": False},
        }  # fmt: skip

    run_with_both(scenario)


def test_second_tab_is_a_newer_peer_of_the_same_person(run_with_both, live_room):
    ticket = live_room.ticket(live_room.student)

    async def scenario(tutor, student):
        async with live_room.events(ticket) as tab:
            peers = (await tab.wait_for("welcome"))["peers"]
            assert {p["person"] for p in peers} == {
                f"u{live_room.tutor.pk}",
                f"u{live_room.student.pk}",
            }
            second = (await tutor.wait_for("peer.joined"))["peer"]
            assert second["person"] == f"u{live_room.student.pk}"
            assert second["peer"] != student.peer
            assert second["since"] > student.welcome["you"]["since"]
        assert (await tutor.wait_for("peer.left"))["peer"] == second["peer"]
        assert "peer.left" not in [m["type"] for m in await tutor.receive_pending()]

    run_with_both(scenario)


def test_aborted_connection_is_broadcast_as_leave(run_with_both):
    async def scenario(tutor, student):
        student.socket.transport.abort()
        await tutor.wait_for("peer.left", peer=student.peer)

    run_with_both(scenario)


def test_hand_and_media_are_broadcast(run_with_both):
    async def scenario(tutor, student):
        await student.send("hand", raised=True)
        assert (await tutor.wait_for("peer.changed"))["peer"]["hand"] is True
        await student.send("media", camera=True, microphone=True, screen=False)
        changed = (await tutor.wait_for("peer.changed"))["peer"]
        assert changed["media"] == {"camera": True, "microphone": True, "screen": False}
        await student.send("media", camera=False, microphone=False, screen=False, away=True)
        interrupted = (await tutor.wait_for("peer.changed"))["peer"]
        assert interrupted["media"]["away"] is True
        assert changed["hand"] is True
        assert await student.receive_pending() == []

    run_with_both(scenario)


def test_chat_message_is_broadcast_and_stored(run_with_both, live_room, api):
    async def scenario(tutor, student):
        id_ = await student.send_chat("<b>Привіт</b> https://example.org")
        for person in (tutor, student):
            message = (await person.wait_for("chat"))["message"]
            assert message["id"] == id_
            assert message["text"] == "<b>Привіт</b> https://example.org"
            assert (message["name"], message["role"]) == ("Олена Коваль", "student")

    run_with_both(scenario)
    response = api(live_room.tutor).get(f"/api/classroom/sessions/{live_room.uuid}/chat/").json()
    assert [m["text"] for m in response["results"]] == ["<b>Привіт</b> https://example.org"]


def test_resent_chat_message_is_stored_once(run_with_both):
    async def scenario(tutor, student):
        id_ = await student.send_chat("once")
        await student.wait_for("chat")
        await student.send_chat("once", id_)
        # It is sent again to the sender as a confirmation.
        assert (await student.wait_for("chat"))["message"]["id"] == id_
        await tutor.wait_for("chat")
        assert await tutor.receive_pending() == []

    run_with_both(scenario)
    assert ChatMessage.objects.count() == 1


def test_chat_message_with_id_of_another_person_is_refused(run_with_both):
    async def scenario(tutor, student):
        id_ = await student.send_chat("mine")
        await tutor.wait_for("chat")
        await tutor.send_chat("not mine", id_)
        assert (await tutor.wait_for("error"))["ref"] == "chat.send"

    run_with_both(scenario)
    assert ChatMessage.objects.get().text == "mine"


def test_welcome_holds_last_200_messages(live_room):
    ChatMessage.objects.bulk_create(
        ChatMessage(
            session=live_room.session, uuid=uuid.uuid4(), person="u1", name="N", role="tutor",
            text=str(number),
        )
        for number in range(205)
    )  # fmt: skip

    async def scenario(ticket):
        async with live_room.events(ticket) as events:
            chat = (await events.wait_for("welcome"))["chat"]
            assert [int(message["text"]) for message in chat] == list(range(5, 205))

    asyncio.run(scenario(live_room.ticket(live_room.student)))


def test_signal_is_sent_to_its_peer_only(run_with_both, live_room):
    ticket = live_room.ticket(live_room.student)

    async def scenario(tutor, student):
        async with live_room.events(ticket) as tab:
            await tab.wait_for("welcome")
            data = {"description": {"type": "offer", "sdp": "v=0"}}
            await tutor.send("signal", to=student.peer, data=data)
            signal = await student.wait_for("signal")
            assert signal == {"type": "signal", "from": tutor.peer, "data": data}
            await student.send("signal", to=tutor.peer, data={"candidate": None})
            assert (await tutor.wait_for("signal"))["from"] == student.peer
            assert "signal" not in [message["type"] for message in await tab.receive_pending()]

    run_with_both(scenario)


def test_signal_to_unknown_peer_is_an_error(run_with_both):
    async def scenario(tutor, student):
        await student.send("signal", to=str(uuid.uuid4()), data={})
        error = await student.wait_for("error")
        assert (error["code"], error["ref"]) == ("no_such_peer", "signal")

    run_with_both(scenario)


def test_quality_is_sent_to_tutor_only(run_with_both, live_room):
    ticket = live_room.ticket(live_room.student)

    async def scenario(tutor, student):
        async with live_room.events(ticket) as tab:
            await tab.wait_for("welcome")
            await student.send("quality", level="poor", rtt_ms=340, loss=0.12)
            assert await tutor.wait_for("quality") == {
                "type": "quality", "peer": student.peer, "level": "poor", "rtt_ms": 340,
                "loss": 0.12,
            }  # fmt: skip
            assert "quality" not in [message["type"] for message in await tab.receive_pending()]

    run_with_both(scenario)


def test_tutor_can_mute_a_peer(run_with_both):
    async def scenario(tutor, student):
        await tutor.send("mute", peer=student.peer)
        await student.wait_for("muted")

    run_with_both(scenario)


def test_timer_is_broadcast_and_in_welcome(run_with_both, live_room):
    ticket = live_room.ticket(live_room.student)

    async def scenario(tutor, student):
        await tutor.send("timer.set", seconds=300)
        ends_at = (await student.wait_for("timer"))["ends_at"]
        assert ends_at == (await tutor.wait_for("timer"))["ends_at"]
        async with live_room.events(ticket) as tab:
            assert (await tab.wait_for("welcome"))["room"]["timer_ends_at"] == ends_at
        await tutor.send("timer.set", seconds=0)
        await student.wait_for("timer", ends_at=None)

    run_with_both(scenario)


def test_end_message_completes_lesson(run_with_both, live_room):
    async def scenario(tutor, student):
        await tutor.send("end")
        for person in (tutor, student):
            await person.wait_for("ended")

    run_with_both(scenario)
    live_room.lesson.refresh_from_db()
    assert live_room.lesson.status == Lesson.Status.COMPLETED


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
def test_invalid_message_is_answered_with_an_error(run_with_both, frame, code, ref):
    async def scenario(tutor, student):
        await tutor.socket.send(json.dumps(frame))
        error = await tutor.wait_for("error")
        assert (error["code"], error["ref"]) == (code, ref)
        assert await tutor.receive_pending() == []
        assert await student.receive_pending() == []

    run_with_both(scenario)


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
def test_malformed_frame_closes_its_socket_alone(run_with_both, frame, code):
    async def scenario(tutor, student):
        await student.socket.send(frame)
        assert await student.close_code() == code
        await tutor.wait_for("peer.left", peer=student.peer)
        await tutor.receive_pending()

    run_with_both(scenario)


def test_flood_closes_its_socket_alone(run_with_both):
    async def scenario(tutor, student):
        for _ in range(400):
            await student.send("ping")
        assert await student.close_code() == 4429
        await tutor.wait_for("peer.left", peer=student.peer)

    run_with_both(scenario)
