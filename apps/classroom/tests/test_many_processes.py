"""Two processes that serve one room over Redis, and an outage of Redis."""

import asyncio
import time
from itertools import count

import pytest
from pycrdt import Map

from apps.classroom import board_log
from apps.classroom.models import ChatMessage
from apps.classroom.tests.clients import LiveRoom, eventually
from apps.classroom.tests.servers import ServerProcess

pytestmark = [pytest.mark.redis]


@pytest.fixture
def live_rooms(transactional_db, redis, lesson, tutor, student, api):
    """The room of one lesson, served by two processes."""
    processes = [ServerProcess(redis.url), ServerProcess(redis.url)]
    for process in processes:
        process.stop = process.kill
    yield [LiveRoom(process, lesson, tutor, student, api) for process in processes]
    for process in processes:
        process.kill()


def test_boards_and_events_are_shared_between_processes(live_rooms):
    first, second = live_rooms
    tickets = first.ticket(first.tutor), first.ticket(first.student)

    async def scenario():
        async with first.board(tickets[0]) as a, second.board(tickets[1]) as b:
            a.map["x"] = 1
            b.map["y"] = 2
            await eventually(lambda: a.map.to_py() == b.map.to_py() and len(a.map) == 2)
        async with first.events(tickets[0]) as tutor:
            me = (await tutor.wait_for("welcome"))["you"]["peer"]
            async with second.events(tickets[1]) as student:
                assert [p["peer"] for p in (await student.wait_for("welcome"))["peers"]] == [me]
                peer = (await tutor.wait_for("peer.joined"))["peer"]["peer"]
                await student.send_chat("привіт")
                assert (await tutor.wait_for("chat"))["message"]["text"] == "привіт"
                await tutor.send("signal", to=peer, data={"n": 1})
                assert (await student.wait_for("signal"))["from"] == me
                await tutor.send("remove", person=f"u{second.student.pk}")
                assert await student.close_code() == 4403
            await tutor.wait_for("peer.left", peer=peer)

    asyncio.run(scenario())


def test_lock_holds_in_every_process_and_own_elements_are_known_there(live_rooms):
    first, second = live_rooms
    tutor_ticket, student_ticket = first.ticket(first.tutor), first.ticket(first.student)

    def is_changed(board):
        return board.map.to_py().get("own") == {"version": 2}

    async def change_own(board):
        """Try until the second process knows whose client id it is."""
        async with asyncio.timeout(20):
            while not is_changed(board):
                ticket = await asyncio.to_thread(first.ticket, first.student)
                async with second.board(ticket) as student:
                    await eventually(lambda: "own" in student.map)
                    student.map["own"] = {"version": 2}
                    await eventually(lambda: student.socket.close_code or is_changed(board))
                    assert student.socket.close_code in (None, 4414)

    async def scenario():
        async with (
            first.events(tutor_ticket) as tutor,
            first.board(tutor_ticket) as board,
            second.events(student_ticket) as other,
        ):
            await tutor.wait_for("welcome")
            await other.wait_for("welcome")
            board.map["theirs"] = {"version": 1}
            await tutor.send("board.drawing", drawing="own")
            await other.wait_for("board.rules")
            async with first.board(student_ticket) as student:
                student.map["own"] = {"version": 1}
                await student.drain()
            async with second.board(student_ticket) as student:
                await eventually(lambda: "theirs" in student.map)
                del student.map["theirs"]
                assert await student.close_code() == 4414
            await change_own(board)
            assert "theirs" in board.map

    asyncio.run(scenario())


def test_peers_of_killed_process_leave(live_rooms):
    first, second = live_rooms
    tickets = first.ticket(first.tutor), first.ticket(first.student)

    async def scenario():
        async with first.events(tickets[0]) as tutor, second.events(tickets[1]) as student:
            peer = (await student.wait_for("welcome"))["you"]["peer"]
            while tutor.get_last_state(peer) is None:
                await tutor.receive()
            await asyncio.to_thread(second.stop)
            async with asyncio.timeout(15):
                while True:
                    try:
                        await tutor.wait_for("peer.left", peer=peer)
                        return
                    except TimeoutError:
                        continue

    asyncio.run(scenario())


class Traffic:
    """One person who draws, sends messages and raises a hand for some seconds."""

    def __init__(self, name, board, events):
        self.name, self.board, self.events = name, board, events
        self.wrote = []
        self.hand = False

    async def run(self, seconds):
        end = time.monotonic() + seconds
        for number in count():
            self.board.map[f"{self.name}{number}"] = number
            if number % 10 == 0:
                self.wrote.append(await self.events.send_chat(f"{self.name}{number}"))
                self.hand = not self.hand
                await self.events.send("hand", raised=self.hand)
            await asyncio.sleep(0.04)  # the rate of drawing by hand
            if time.monotonic() > end:
                return

    def read(self):
        return {m["message"]["id"] for m in self.events.seen if m["type"] == "chat"}


def stored(lesson):
    doc = board_log.load_document(lesson.session.pk)
    return doc.get("elements:1", type=Map).to_py() or {}


def test_redis_outage_of_ten_seconds_loses_nothing(live_rooms, redis, lesson):
    first, second = live_rooms
    tickets = first.ticket(first.tutor), first.ticket(first.student)

    async def scenario():
        async with (
            first.board(tickets[0]) as a,
            second.board(tickets[1]) as b,
            first.events(tickets[0]) as tutor,
            second.events(tickets[1]) as student,
        ):
            me = (await tutor.wait_for("welcome"))["you"]["peer"]
            other = (await student.wait_for("welcome"))["you"]["peer"]
            drawing = [Traffic("a", a, tutor), Traffic("b", b, student)]
            reading = [asyncio.create_task(each.events.receive_all()) for each in (drawing)]
            await asyncio.gather(*(each.run(1) for each in drawing))
            await asyncio.to_thread(redis.stop)
            outage = [asyncio.create_task(each.run(10)) for each in drawing]
            async with second.events(tickets[1]) as tab:  # joins during the outage
                tab_peer = (await tab.wait_for("welcome"))["you"]["peer"]
                await asyncio.gather(*outage)
                await asyncio.to_thread(redis.start)
                await asyncio.gather(*(each.run(1) for each in drawing))
                wrote = {*drawing[0].wrote, *drawing[1].wrote}
                await eventually(lambda: a.map.to_py() == b.map.to_py(), 15)
                await eventually(lambda: all(each.read() >= wrote for each in drawing), 15)
                await eventually(lambda: tutor.has_peer(tab_peer), 15)
                await eventually(lambda: tutor.is_hand_raised(other) == drawing[1].hand, 15)
                await eventually(lambda: student.is_hand_raised(me) == drawing[0].hand, 15)
            await eventually(lambda: not tutor.has_peer(tab_peer))
            for task in reading:
                task.cancel()
            return a.map.to_py(), wrote

    board, wrote = asyncio.run(scenario())
    assert len(board) > 300
    deadline = time.monotonic() + 10
    while stored(lesson) != board:  # stored within 0.1 s unless the machine is busy
        assert time.monotonic() < deadline
    said = [str(each) for each in ChatMessage.objects.values_list("uuid", flat=True)]
    assert sorted(said) == sorted(wrote)
