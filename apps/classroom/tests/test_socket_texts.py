"""Text in socket messages is checked as in HTTP requests."""

import asyncio
import json

import pytest

from apps.classroom.models import ChatMessage, RoomBan
from apps.classroom.realtime.events import protocol

ID = "00000000-0000-4000-8000-000000000000"
BAD = {"null": "\\u0000", "high surrogate": "\\ud800", "low surrogate": "\\udfffx"}


def frames(bad):
    yield "chat.send", f'{{"type": "chat.send", "id": "{ID}", "text": "a{bad}b"}}'
    yield "chat.send", f'{{"type": "chat.send", "id": "{bad}", "text": "x"}}'
    yield "chat.send", f'{{"type": "chat.send", "id": "{ID}", "text": "x", "more{bad}": 1}}'
    yield "signal", f'{{"type": "signal", "to": "{ID}", "data": {{"a": [{{"b": "{bad}"}}]}}}}'
    yield "signal", f'{{"type": "signal", "to": "{ID}", "data": {{"{bad}": 1}}}}'
    yield "quality", f'{{"type": "quality", "level": "good{bad}"}}'
    yield "remove", f'{{"type": "remove", "person": "u1{bad}"}}'
    yield "chat.send", f'{{"type": "chat.send", "id": 5, "text": "{bad}"}}'
    yield "lobby.admit", f'{{"type": "lobby.admit", "person": "{bad}"}}'


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_invalid_characters_are_answered_with_an_error(live_room, bad):
    async def scenario(ticket):
        async with live_room.events(ticket) as tutor:
            await tutor.wait_for("welcome")
            for ref, frame in frames(bad):
                await tutor.socket.send(frame)
                reply = await tutor.wait_for("error")
                assert (reply["code"], reply["ref"]) == ("bad_shape", ref), frame
            await tutor.socket.send(f'{{"type": "x{bad}"}}')
            assert (await tutor.wait_for("error"))["code"] == "unknown_type"
            await tutor.socket.send(f'{{"type": "x", "text": "{bad}"}}')
            assert (await tutor.wait_for("error"))["code"] == "unknown_type"
            await tutor.send_chat("Ще тут")
            await tutor.wait_for("chat")

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
    assert ChatMessage.objects.get().text == "Ще тут"
    assert not RoomBan.objects.exists()


def test_invisible_chat_message_is_refused(live_room):
    async def scenario(ticket):
        async with live_room.events(ticket) as tutor:
            for nothing in (" ", "\u200b\u2060", "\u3164", "\n\u00a0"):
                await tutor.send_chat(nothing)
                reply = await tutor.wait_for("error")
                assert (reply["code"], reply["ref"]) == ("bad_shape", "chat.send")
            await tutor.send_chat("\u200b.")
            await tutor.wait_for("chat")

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
    assert ChatMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("a\u202egpj.exe\u202c", "agpj.exe"),
        ("a\u200e\u2066b\u2069", "ab"),
        ("a\x07b\x1b[2Jc\x7f\x9b", "a b [2Jc  "),
        ("x\u2028y", "x y"),
        ("a\u200bb\ufeffc", "abc"),
    ],
)
def test_invisible_characters_of_chat_are_removed(typed, stored):
    assert protocol.parse(json.dumps({"type": "chat.send", "id": ID, "text": typed})).text == stored


@pytest.mark.parametrize(
    "text",
    [
        "  if x:\n\treturn 'ї’ʼ' \n",
        "👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️ 🇺🇦",
        "می‌خواهم שלום",
        "x² + √2 ≤ ∞; е́",
    ],
)
def test_ordinary_chat_is_kept_as_typed(text):
    assert protocol.parse(json.dumps({"type": "chat.send", "id": ID, "text": text})).text == text


def test_text_with_escape_notation_is_stored(live_room):
    async def scenario(ticket):
        async with live_room.events(ticket) as tutor:
            await tutor.send_chat("\\u0000 \\ud800 \U0001f600")
            return (await tutor.wait_for("chat"))["message"]["text"]

    assert asyncio.run(scenario(live_room.ticket(live_room.tutor))) == "\\u0000 \\ud800 \U0001f600"


def test_error_for_unknown_type_lists_known_types():
    with pytest.raises(protocol.BadMessage, match=r"chat\.send, end, hand, "):
        protocol.parse('{"type": "chat"}')


def test_person_with_a_line_break_is_refused():
    with pytest.raises(protocol.BadMessage):
        protocol.parse(json.dumps({"type": "remove", "person": "u12\n"}))


@pytest.mark.parametrize("deep", ["[" * 30_000, '{"a":' * 10_000])
def test_deeply_nested_message_is_refused(deep):
    closing = "]" if deep[0] == "[" else "}"
    depth = deep.count("[") or deep.count("{")
    frame = f'{{"type": "signal", "to": "{ID}", "data": {{"x": {deep}"\\u0000"{closing * depth}}}}}'
    with pytest.raises((protocol.BadMessage, protocol.NotJson)):
        protocol.parse(frame)
