"""A board that the tutor has locked."""

import asyncio

from pycrdt import Map

from apps.classroom import board_log
from apps.classroom.realtime.board import yproto
from apps.classroom.tests.boards import in_thread
from apps.classroom.tests.clients import eventually


async def set_lock(tutor, locked):
    await tutor.send("board.lock", locked=locked)
    await tutor.wait_for("board.locked", locked=locked)


def stored_names(live_room):
    elements = board_log.load_document(live_room.session.pk).get("elements:1", type=Map)
    return set(elements.to_py() or {})


def test_only_the_tutor_changes_a_locked_board(live_room):
    tickets = {role: live_room.ticket(getattr(live_room, role)) for role in ("tutor", "student")}

    async def scenario():
        async with live_room.events(tickets["tutor"]) as tutor:
            await tutor.wait_for("welcome")
            async with live_room.board(tickets["student"]) as student:
                student.map["before"] = {"version": 1}
                await student.drain()
                await set_lock(tutor, True)
                student.map["refused"] = {"version": 1}
                assert await student.close_code() == 4414
            async with live_room.board(tickets["tutor"]) as own:
                await eventually(lambda: "before" in own.map)
                own.map["own"] = {"version": 1}
                await own.drain()
                assert "refused" not in own.map
            await set_lock(tutor, False)
            async with live_room.board(tickets["student"]) as student:
                await eventually(lambda: "own" in student.map)
                student.map["after"] = {"version": 1}
                await student.drain()
            async with asyncio.timeout(20):  # the log is written a moment later
                while await in_thread(lambda: stored_names(live_room)) != names:
                    await asyncio.sleep(0.05)

    names = {"before", "own", "after"}
    asyncio.run(scenario())


def test_student_who_brings_nothing_new_stays_on_a_locked_board(live_room):
    tickets = {role: live_room.ticket(getattr(live_room, role)) for role in ("tutor", "student")}

    async def scenario():
        async with live_room.events(tickets["tutor"]) as tutor:
            await tutor.wait_for("welcome")
            async with live_room.board(tickets["student"]) as student:
                student.map["kept"] = {"version": 1}
                student.map["gone"] = {"version": 1}
                del student.map["gone"]
                await student.drain()
                await set_lock(tutor, True)
                whole = yproto.sync_frame(yproto.UPDATE, student.doc.get_update())
                await student.socket.send(whole)
                await student.drain()
                assert student.socket.close_code is None

    asyncio.run(scenario())


def test_welcome_says_whether_the_board_is_locked(live_room):
    live_room.session.board_locked = True
    live_room.session.save()
    ticket = live_room.ticket(live_room.student)

    async def scenario():
        async with live_room.events(ticket) as student:
            return await student.wait_for("welcome")

    assert asyncio.run(scenario())["room"]["board_locked"] is True
