"""A room opens with the board of the lesson before, where the series carries it on."""

import asyncio

from pycrdt import Doc, Map

from apps.classroom import board_log
from apps.lessons.models import Lesson
from tests.builders import HOUR, make_series


def test_room_opens_with_the_carried_board(live_room, tutor, student):
    series = make_series(tutor, student, board_mode="carried")
    start = live_room.lesson.starts_at
    first = Lesson.objects.filter(series=series).in_order().first()
    lessons = Lesson.objects.filter(pk=first.pk)
    lessons.update(starts_at=start - 48 * HOUR, ends_at=start - 47 * HOUR)
    Lesson.objects.filter(pk=live_room.lesson.pk).update(series=series, original_starts_at=start)
    doc = Doc()
    doc.get("elements:1", type=Map)["a"] = {"id": "a", "type": "rectangle"}
    board_log.append({first.session.pk: [doc.get_update()]})

    async def scenario(ticket):
        async with live_room.board(ticket) as board:
            assert "a" in board.map

    asyncio.run(scenario(live_room.ticket(tutor)))
