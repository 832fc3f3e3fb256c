"""Texts of a socket are checked as HTTP's are: what no database takes is answered, not stored."""

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
def test_bad_characters_are_answered_with_an_error(house, bad):
    async def scenario(ticket):
        async with house.events(ticket) as tutor:
            await tutor.until("welcome")
            for ref, frame in frames(bad):
                await tutor.socket.send(frame)
                answer = await tutor.until("error")
                assert (answer["code"], answer["ref"]) == ("bad_shape", ref), frame
            await tutor.socket.send(f'{{"type": "x{bad}"}}')
            assert (await tutor.until("error"))["code"] == "unknown_type"
            await tutor.socket.send(f'{{"type": "x", "text": "{bad}"}}')
            assert (await tutor.until("error"))["code"] == "unknown_type"
            await tutor.say("Ще тут")
            await tutor.until("chat")

    asyncio.run(scenario(house.ticket(house.tutor)))
    assert ChatMessage.objects.get().text == "Ще тут"
    assert not RoomBan.objects.exists()


def test_chat_that_shows_nothing_is_refused(house):
    async def scenario(ticket):
        async with house.events(ticket) as tutor:
            for nothing in (" ", "\u200b\u2060", "\u3164", "\n\u00a0"):
                await tutor.say(nothing)
                answer = await tutor.until("error")
                assert (answer["code"], answer["ref"]) == ("bad_shape", "chat.send")
            await tutor.say("\u200b.")
            await tutor.until("chat")

    asyncio.run(scenario(house.ticket(house.tutor)))
    assert ChatMessage.objects.count() == 1


def test_text_that_only_names_an_escape_is_stored(house):
    async def scenario(ticket):
        async with house.events(ticket) as tutor:
            await tutor.say("\\u0000 \\ud800 \U0001f600")
            return (await tutor.until("chat"))["message"]["text"]

    assert asyncio.run(scenario(house.ticket(house.tutor))) == "\\u0000 \\ud800 \U0001f600"


def test_unknown_type_is_told_the_known_ones():
    with pytest.raises(protocol.BadMessage, match=r"chat\.send, end, hand, "):
        protocol.parse('{"type": "chat"}')


def test_person_with_a_line_break_is_refused():
    with pytest.raises(protocol.BadMessage):
        protocol.parse(json.dumps({"type": "remove", "person": "u12\n"}))


@pytest.mark.parametrize("deep", ["[" * 30_000, '{"a":' * 10_000])
def test_nesting_of_any_depth_is_no_crash(deep):
    closing = "]" if deep[0] == "[" else "}"
    depth = deep.count("[") or deep.count("{")
    frame = f'{{"type": "signal", "to": "{ID}", "data": {{"x": {deep}"\\u0000"{closing * depth}}}}}'
    with pytest.raises((protocol.BadMessage, protocol.NotJson)):
        protocol.parse(frame)
