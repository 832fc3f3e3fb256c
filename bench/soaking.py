"""The soak itself: people, the processes that serve them, and what is looked at in the end."""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import statistics
import time
import uuid
from collections import Counter
from typing import Any

import httpx
import websockets
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pycrdt import Doc, Map

from apps.classroom import board_log
from apps.classroom.models import ChatMessage
from apps.classroom.tests.clients import BoardClient, Closed, Events
from apps.classroom.tests.servers import Process
from conftest import HOUR, make_lesson, make_user
from tests.server import RedisServer

POINTS = 8  # updates that one stroke grows by
CSRF = "c" * 32


def stroke(updates: list[int]) -> dict[str, Any]:
    """An element whose points name, by their x, the updates that it grew by."""
    return {"type": "freedraw", "points": [[update, 0] for update in updates]}


def make_rooms(number: int) -> list[tuple[uuid.UUID, int, list[str]]]:
    """Each room's public name, its id, and the session cookies of its two people."""

    rooms = []
    for _ in range(number):
        people = [make_user("tutor"), make_user("student")]
        session = make_lesson(*people, starts_at=timezone.now(), length=HOUR).session
        cookies = []
        for person in people:
            client = Client()
            client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
            cookies.append(client.cookies["sessionid"].value)
        rooms.append((session.uuid, session.pk, cookies))
    return rooms


class Processes:
    """Two, on addresses that outlive them."""

    def __init__(self, redis: str) -> None:

        self._log = (settings.DATA_DIR / "processes.log").open("ab")
        self._start = lambda port=None: Process(redis, port, self._log)
        self.running = [self._start(), self._start()]
        self.urls = [process.url for process in self.running]
        self.ended: Counter[str] = Counter()

    async def harass(self, every: float, over: asyncio.Event) -> None:
        """Kills one or the other, and starts it again before the next; ends with both alive."""
        while not await _within(random.uniform(0.5, 1.5) * every, over):
            at = random.randrange(2)
            how = random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
            port = self.running[at].port
            await asyncio.to_thread(self.running[at].kill, how)
            self.ended[how.name] += 1
            await asyncio.sleep(random.uniform(0, 2))
            self.running[at] = await asyncio.to_thread(self._start, port)

    def complaints(self) -> list[str]:
        """What they logged above `info`."""
        lines = (settings.DATA_DIR / "processes.log").read_text().splitlines()
        return [line for line in lines if '"level": "info"' not in line]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        for process in self.running:
            process.kill(how)


class Person:
    """Draws and writes whether connected or not, and comes back to one process or the other."""

    def __init__(self, room: uuid.UUID, number: int, cookie: str, urls: list[str]) -> None:

        self.room, self.number, self.urls = room, number, urls
        self.doc: Doc = Doc()
        self.map = self.doc.get("elements:1", type=Map)
        self.drawn: dict[str, list[int]] = {}
        self.updates = 0
        self.wrote: set[str] = set()
        self.read: set[str] = set()
        self.visits: list[float] = []  # how long it took to come in, of its own will
        self.recoveries: list[float] = []  # and when a process was gone
        self._lost = False
        self._events = None
        self._http = httpx.AsyncClient(
            cookies={"sessionid": cookie, "csrftoken": CSRF},
            headers={"X-CSRFToken": CSRF},
            timeout=5,
        )

    @property
    def is_in(self) -> bool:
        return self._events is not None

    async def draw(self, pace: float) -> None:
        while True:
            await asyncio.sleep(random.uniform(0.5, 1.5) / pace)
            key = f"{self.number}-{self.updates // POINTS}"
            self.drawn.setdefault(key, []).append(self.updates)
            self.map[key] = stroke(self.drawn[key])
            self.updates += 1

    async def write(self) -> None:
        """Each message is sent until it is heard."""
        while True:
            await asyncio.sleep(random.uniform(2, 6))
            self.wrote.add(str(uuid.uuid4()))
            await self._say()

    async def _say(self) -> None:
        for message in self.wrote - self.read:
            if self._events is not None:
                try:
                    await self._events.say("а це що?", message)
                except websockets.ConnectionClosed:
                    return

    async def attend(self, stay: float) -> None:
        """Comes, stays for about so many seconds or until it is thrown out, and comes again."""
        at = self.number % 2
        while True:
            began, self._lost = time.monotonic(), False
            while True:
                try:
                    await self._visit(self.urls[at], random.uniform(0.5, 1.5) * stay, began)
                    at = random.randrange(2)
                    break
                except (OSError, httpx.HTTPError, websockets.WebSocketException, Closed):
                    began = began if self._events is None else time.monotonic()
                    self._lost = True
                    at = 1 - at
                    await asyncio.sleep(random.uniform(0.05, 0.2))
                finally:
                    self._events = None

    async def _visit(self, url: str, stay: float, began: float) -> None:
        answer = await self._http.post(f"{url}/api/classroom/sessions/{self.room}/join/", json={})
        answer.raise_for_status()
        query = f"?ticket={answer.json()['ticket']}"
        base = f"{url.replace('http', 'ws')}/ws/classroom/{self.room}"
        async with (
            BoardClient(f"{base}/board{query}", self.doc) as board,
            Events(f"{base}/events{query}") as events,
        ):
            welcome = await events.until("welcome")
            self.read |= {message["id"] for message in welcome["chat"]}
            took = self.recoveries if self._lost else self.visits
            took.append(time.monotonic() - began)
            self._events = events
            await self._say()
            hearing = asyncio.create_task(self._hear(events))
            lost = asyncio.create_task(board.socket.wait_closed())
            done, others = await asyncio.wait(
                [hearing, lost], timeout=stay, return_when=asyncio.FIRST_COMPLETED
            )
            for task in others:
                task.cancel()
            if done:
                raise ConnectionResetError

    async def _hear(self, events) -> None:
        try:
            while True:
                message = json.loads(await events.socket.recv())
                if message["type"] == "chat":
                    self.read.add(message["message"]["id"])
        except websockets.ConnectionClosed:
            return

    def board(self) -> dict:
        return self.map.to_py() or {}

    def newest_of(self, number: int) -> int:
        """The newest update of that person's that has come to this one's board."""
        strokes = [key for key in self.map if key.startswith(f"{number}-")]
        return max((int(self.map[key]["points"][-1][0]) for key in strokes), default=-1)

    def expected(self) -> dict:
        return {key: stroke(updates) for key, updates in self.drawn.items()}


class Room:
    def __init__(self, name: uuid.UUID, pk: int, cookies: list[str], urls: list[str]) -> None:
        self.pk = pk
        self.people = [Person(name, n, cookie, urls) for n, cookie in enumerate(cookies)]

    def expected(self) -> dict:
        return {**self.people[0].expected(), **self.people[1].expected()}

    def boards_whole(self) -> bool:
        return all(person.board() == self.expected() for person in self.people)

    def chat_read(self) -> bool:
        wrote = self.people[0].wrote | self.people[1].wrote
        return all(person.read == wrote for person in self.people)

    def stored(self) -> tuple[bool, bool]:
        """Whether the board is in the database as drawn, and the chat, each message once."""

        doc = board_log.document(self.pk)
        board = doc.get("elements:1", type=Map).to_py() or {}
        rows = ChatMessage.objects.filter(session=self.pk).values_list("uuid", flat=True)
        wrote = self.people[0].wrote | self.people[1].wrote
        return board == self.expected(), sorted(map(str, rows)) == sorted(wrote)


class Soak:
    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked

    async def run(self) -> int:

        redis = RedisServer()
        rooms = await asyncio.to_thread(make_rooms, self.asked.rooms)
        processes = await asyncio.to_thread(Processes, redis.url)
        try:
            self.rooms = [Room(*room, processes.urls) for room in rooms]
            settled = await self._lessons(processes)
            in_memory = [room.boards_whole() for room in self.rooms]
            read = [room.chat_read() for room in self.rooms]
            await self._until(lambda: asyncio.to_thread(self._all_stored), 15)
            await asyncio.to_thread(processes.stop)
            stored = await asyncio.to_thread(lambda: [room.stored() for room in self.rooms])
        finally:
            processes.stop(signal.SIGKILL)
            redis.stop()
        checks = {
            "boards equal on both clients, every stroke there": in_memory,
            "chat read whole by both": read,
            "boards equal in the database": [board for board, _chat in stored],
            "chat in the database, each message once": [chat for _board, chat in stored],
        }
        self._print(processes, settled, checks)
        return 0 if all(all(each) for each in checks.values()) else 1

    async def _lessons(self, processes: Processes) -> float:
        """Runs them; how long after the last stroke everything was everywhere."""
        people = [person for room in self.rooms for person in room.people]
        staying = [asyncio.create_task(person.attend(self._stay)) for person in people]
        busy = [asyncio.create_task(person.draw(self.asked.pace)) for person in people]
        busy += [asyncio.create_task(person.write()) for person in people]
        over = asyncio.Event()
        harassing = asyncio.create_task(processes.harass(self.asked.kill_every, over))
        done, _pending = await asyncio.wait(
            [harassing, *staying, *busy],
            timeout=self.asked.minutes * 60,
            return_when=asyncio.FIRST_COMPLETED,
        )
        over.set()
        for task in busy:
            task.cancel()
        began = time.monotonic()
        await harassing
        await asyncio.gather(*busy, return_exceptions=True)
        for task in done:
            task.result()  # nothing ends by itself but by an error
        await self._until(self._all_whole, 60)
        settled = time.monotonic() - began
        for task in staying:
            task.cancel()
        await asyncio.gather(*staying, return_exceptions=True)
        return settled

    @property
    def _stay(self) -> float:
        return min(20, self.asked.minutes * 60 / 4)

    async def _all_whole(self) -> bool:
        return all(room.boards_whole() and room.chat_read() for room in self.rooms)

    def _all_stored(self) -> bool:
        return all(all(room.stored()) for room in self.rooms)

    @staticmethod
    async def _until(condition, patience: float) -> None:
        """Until it holds, or patience is over: what fails then is counted in the report."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if await condition():
                return
            await asyncio.sleep(0.1)

    def _print(self, processes: Processes, settled: float, checks: dict[str, list[bool]]) -> None:
        people = [person for room in self.rooms for person in room.people]
        visits = [took for person in people for took in person.visits]
        recoveries = [took for person in people for took in person.recoveries]
        ended = ", ".join(f"{count} {how}" for how, count in sorted(processes.ended.items()))
        print(f"{len(self.rooms)} rooms of 2, {self.asked.minutes:g} min, two processes")
        print(f"updates drawn: {sum(person.updates for person in people)}")
        print(f"chat messages: {sum(len(person.wrote) for person in people)}")
        print(f"processes ended and started again: {ended or 0}")
        print(f"came in of their own will: {_times(visits)}")
        print(f"came in after a process was gone: {_times(recoveries)}")
        print(f"everything everywhere after the last stroke: {settled:.1f} s")
        complaints = processes.complaints()
        print(f"logged above info: {len(complaints)} lines", *complaints[:20], sep="\n")
        print(f"load of the machine, whatever else it does: {os.getloadavg()[1]:.1f}")
        for what, each in checks.items():
            print(f"{what}: {sum(each)} of {len(each)} rooms")


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Whether it came within so many seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _times(seconds: list[float]) -> str:
    if len(seconds) < 2:
        return f"{len(seconds)} times"
    at = statistics.quantiles(seconds, n=100)
    return f"{len(seconds)} times, p50 {at[49]:.2f} s, p99 {at[98]:.2f} s, max {max(seconds):.2f} s"
