"""The chat over HTTP and in `welcome`: pages of bounded size, the newest first."""

import asyncio
import uuid

import pytest

from apps.classroom.models import ChatMessage
from apps.classroom.queries import MAX_CHAT_TEXT
from tests.builders import NOON, make_lesson


@pytest.fixture
def url(lesson):
    return f"/api/classroom/sessions/{lesson.session.uuid}/chat/"


def write(lesson, count, text="{}"):
    fields = {"session": lesson.session, "person": "u1", "name": "T", "role": "tutor"}
    ChatMessage.objects.bulk_create(
        ChatMessage(uuid=uuid.uuid4(), text=text.format(number), **fields)
        for number in range(count)
    )


def texts(response):
    assert response.status_code == 200, response.content
    return [int(message["text"]) for message in response.json()["results"]]


def test_chat_returns_newest_page_by_default(api, tutor, lesson, url):
    write(lesson, 12_000)
    response = api(tutor).get(url)
    assert texts(response) == list(range(11_800, 12_000))
    assert len(response.content) < 64 * 1024


def test_chat_pages_cover_all_messages(api, tutor, lesson, url):
    write(lesson, 25)
    seen, before = [], None
    while True:
        query = {"limit": 10} | ({"before": before} if before else {})
        response = api(tutor).get(url, query)
        seen = texts(response) + seen
        before = response.json()["before"]
        if before is None:
            break
    assert seen == list(range(25))


def test_chat_page_is_bounded_by_text_length(api, tutor, lesson, url):
    write(lesson, 200, "ї" * 4000)
    response = api(tutor).get(url)
    assert len(response.content) < MAX_CHAT_TEXT * 3
    assert 1 < len(response.json()["results"]) < 200
    assert response.json()["before"]


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"before": "x"}, {"before": uuid.UUID(int=7)}],
)
def test_malformed_chat_query_is_a_validation_error(api, tutor, url, query):
    response = api(tutor).get(url, query)
    assert (response.status_code, response.json()["error"]) == (400, "validation_error")


def test_message_of_another_room_is_refused_as_page_cursor(api, tutor, student, lesson, url):
    other = make_lesson(tutor, student, NOON)
    write(other, 1)
    query = {"before": ChatMessage.objects.get().uuid}
    assert api(tutor).get(url, query).status_code == 400


def test_chat_in_welcome_is_bounded_by_text_length(live_room):
    write(live_room.lesson, 200, "ї" * 4000)

    async def scenario(ticket):
        async with live_room.events(ticket) as events:
            return await events.wait_for("welcome")

    chat = asyncio.run(scenario(live_room.ticket(live_room.tutor)))["chat"]
    assert len(chat) > 1
    assert sum(len(message["text"]) for message in chat) <= MAX_CHAT_TEXT
