"""The simulation of `make soak`: users, the server processes, and the checks at the end."""

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
from apps.classroom.tests.servers import ServerProcess
from tests.builders import HOUR, make_lesson, make_user
from tests.server import RedisServer

UPDATES_PER_STROKE = 8
CSRF_TOKEN = "c" * 32


def make_stroke(updates: list[int]) -> dict[str, Any]:
    """A freehand element with one point per update; a point's x is the number of its update."""
    return {"type": "freedraw", "points": [[update, 0] for update in updates]}


def make_rooms(count: int) -> list[tuple[uuid.UUID, int, list[str]]]:
    """Create lessons; return each session's uuid, its id and the session cookies of its users."""
    rooms = []
    for _ in range(count):
        users = [make_user("tutor"), make_user("student")]
        session = make_lesson(*users, starts_at=timezone.now(), length=HOUR).session
        cookies = []
        for user in users:
            client = Client()
            client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
            cookies.append(client.cookies["sessionid"].value)
        rooms.append((session.uuid, session.pk, cookies))
    return rooms


class Processes:
    """Two server processes; a restarted process keeps the port of the one it replaces."""

    def __init__(self, redis_url: str) -> None:
        self._log = (settings.DATA_DIR / "processes.log").open("ab")
        self._start = lambda port=None: ServerProcess(redis_url, port, self._log)
        self.running = [self._start(), self._start()]
        self.urls = [process.url for process in self.running]
        self.kill_counts: Counter[str] = Counter()

    async def kill_repeatedly(self, interval: float, finished: asyncio.Event) -> None:
        """Kill and restart one process at a time until `finished` is set; both run afterwards."""
        while not await _wait_at_most(random.uniform(0.5, 1.5) * interval, finished):
            at = random.randrange(2)
            signal_number = random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
            port = self.running[at].port
            await asyncio.to_thread(self.running[at].kill, signal_number)
            self.kill_counts[signal_number.name] += 1
            await asyncio.sleep(random.uniform(0, 2))
            self.running[at] = await asyncio.to_thread(self._start, port)

    def logged_problems(self) -> list[str]:
        """The log lines of the processes above `info`."""
        lines = (settings.DATA_DIR / "processes.log").read_text().splitlines()
        return [line for line in lines if '"level": "info"' not in line]

    def stop(self, signal_number: signal.Signals = signal.SIGTERM) -> None:
        for process in self.running:
            process.kill(signal_number)


class SimulatedUser:
    """Draws and sends chat messages, connected or not, and reconnects to a random process."""

    def __init__(self, room: uuid.UUID, number: int, cookie: str, urls: list[str]) -> None:
        self.room, self.number, self.urls = room, number, urls
        self.doc: Doc = Doc()
        self.elements = self.doc.get("elements:1", type=Map)
        self.drawn_strokes: dict[str, list[int]] = {}
        self.update_count = 0
        self.sent_messages: set[str] = set()
        self.received_messages: set[str] = set()
        self.join_seconds: list[float] = []  # durations of voluntary reconnections
        self.recovery_seconds: list[float] = []  # durations of those after a lost connection
        self._has_lost_connection = False
        self._events = None
        self._http = httpx.AsyncClient(
            cookies={"sessionid": cookie, "csrftoken": CSRF_TOKEN},
            headers={"X-CSRFToken": CSRF_TOKEN},
            timeout=5,
        )

    @property
    def is_connected(self) -> bool:
        return self._events is not None

    async def draw(self, pace: float) -> None:
        while True:
            await asyncio.sleep(random.uniform(0.5, 1.5) / pace)
            key = f"{self.number}-{self.update_count // UPDATES_PER_STROKE}"
            self.drawn_strokes.setdefault(key, []).append(self.update_count)
            self.elements[key] = make_stroke(self.drawn_strokes[key])
            self.update_count += 1

    async def send_messages(self) -> None:
        """Send chat messages; repeat each until it is received."""
        while True:
            await asyncio.sleep(random.uniform(2, 6))
            self.sent_messages.add(str(uuid.uuid4()))
            await self._send_missing_messages()

    async def _send_missing_messages(self) -> None:
        for message in self.sent_messages - self.received_messages:
            if self._events is not None:
                try:
                    await self._events.send_chat("а це що?", message)
                except websockets.ConnectionClosed:
                    return

    async def stay_connected(self, stay: float) -> None:
        """Connect for about `stay` seconds, or until the connection is lost, and connect again."""
        at = self.number % 2
        while True:
            started_at, self._has_lost_connection = time.monotonic(), False
            while True:
                try:
                    await self._connect(self.urls[at], random.uniform(0.5, 1.5) * stay, started_at)
                    at = random.randrange(2)
                    break
                except (OSError, httpx.HTTPError, websockets.WebSocketException, Closed):
                    started_at = started_at if self._events is None else time.monotonic()
                    self._has_lost_connection = True
                    at = 1 - at
                    await asyncio.sleep(random.uniform(0.05, 0.2))
                finally:
                    self._events = None

    async def _connect(self, url: str, stay: float, started_at: float) -> None:
        answer = await self._http.post(f"{url}/api/classroom/sessions/{self.room}/join/", json={})
        answer.raise_for_status()
        query = f"?ticket={answer.json()['ticket']}"
        base = f"{url.replace('http', 'ws')}/ws/classroom/{self.room}"
        async with (
            BoardClient(f"{base}/board{query}", self.doc) as board,
            Events(f"{base}/events{query}") as events,
        ):
            welcome = await events.wait_for("welcome")
            self.received_messages |= {message["id"] for message in welcome["chat"]}
            durations = self.recovery_seconds if self._has_lost_connection else self.join_seconds
            durations.append(time.monotonic() - started_at)
            self._events = events
            await self._send_missing_messages()
            receiving = asyncio.create_task(self._receive_chat(events))
            lost = asyncio.create_task(board.socket.wait_closed())
            done, others = await asyncio.wait(
                [receiving, lost], timeout=stay, return_when=asyncio.FIRST_COMPLETED
            )
            for task in others:
                task.cancel()
            if done:
                raise ConnectionResetError

    async def _receive_chat(self, events) -> None:
        try:
            while True:
                message = json.loads(await events.socket.recv())
                if message["type"] == "chat":
                    self.received_messages.add(message["message"]["id"])
        except websockets.ConnectionClosed:
            return

    def board(self) -> dict:
        return self.elements.to_py() or {}

    def newest_update_by(self, number: int) -> int:
        """The number of the newest update on this user's board that was drawn by the other user."""
        strokes = [key for key in self.elements if key.startswith(f"{number}-")]
        return max((int(self.elements[key]["points"][-1][0]) for key in strokes), default=-1)

    def expected_board(self) -> dict:
        return {key: make_stroke(updates) for key, updates in self.drawn_strokes.items()}


class Room:
    def __init__(self, name: uuid.UUID, pk: int, cookies: list[str], urls: list[str]) -> None:
        self.pk = pk
        self.users = [SimulatedUser(name, n, cookie, urls) for n, cookie in enumerate(cookies)]

    def expected_board(self) -> dict:
        return {**self.users[0].expected_board(), **self.users[1].expected_board()}

    def are_boards_complete(self) -> bool:
        return all(user.board() == self.expected_board() for user in self.users)

    def is_chat_complete(self) -> bool:
        sent_messages = self.users[0].sent_messages | self.users[1].sent_messages
        return all(user.received_messages == sent_messages for user in self.users)

    def check_stored(self) -> tuple[bool, bool]:
        """Whether the database holds the whole board, and the chat with each message once."""
        doc = board_log.load_document(self.pk)
        board = doc.get("elements:1", type=Map).to_py() or {}
        rows = ChatMessage.objects.filter(session=self.pk).values_list("uuid", flat=True)
        sent_messages = self.users[0].sent_messages | self.users[1].sent_messages
        return board == self.expected_board(), sorted(map(str, rows)) == sorted(sent_messages)


class Soak:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments

    async def run(self) -> int:
        """Return the exit status: 0 if every check holds for every room."""
        redis = RedisServer()
        rooms = await asyncio.to_thread(make_rooms, self.arguments.rooms)
        processes = await asyncio.to_thread(Processes, redis.url)
        try:
            self.rooms = [Room(*room, processes.urls) for room in rooms]
            settle_seconds = await self._run_lessons(processes)
            boards = [room.are_boards_complete() for room in self.rooms]
            chats = [room.is_chat_complete() for room in self.rooms]
            await self._wait_until(lambda: asyncio.to_thread(self._is_all_stored), 15)
            await asyncio.to_thread(processes.stop)
            stored = await asyncio.to_thread(lambda: [room.check_stored() for room in self.rooms])
        finally:
            processes.stop(signal.SIGKILL)
            redis.stop()
        checks = {
            "boards complete on both clients": boards,
            "chat complete on both clients": chats,
            "boards complete in the database": [board for board, _chat in stored],
            "chat in the database, each message once": [chat for _board, chat in stored],
        }
        self._print_report(processes, settle_seconds, checks)
        return 0 if all(all(results) for results in checks.values()) else 1

    async def _run_lessons(self, processes: Processes) -> float:
        """Run the lessons; return the seconds from the last stroke until all is complete."""
        users = [user for room in self.rooms for user in room.users]
        connections = [asyncio.create_task(user.stay_connected(self._stay)) for user in users]
        activities = [asyncio.create_task(user.draw(self.arguments.pace)) for user in users]
        activities += [asyncio.create_task(user.send_messages()) for user in users]
        finished = asyncio.Event()
        killing = asyncio.create_task(
            processes.kill_repeatedly(self.arguments.kill_every, finished)
        )
        done, _pending = await asyncio.wait(
            [killing, *connections, *activities],
            timeout=self.arguments.minutes * 60,
            return_when=asyncio.FIRST_COMPLETED,
        )
        finished.set()
        for task in activities:
            task.cancel()
        started_at = time.monotonic()
        await killing
        await asyncio.gather(*activities, return_exceptions=True)
        for task in done:
            task.result()  # these tasks end only by an error
        await self._wait_until(self._is_all_complete, 60)
        settle_seconds = time.monotonic() - started_at
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        return settle_seconds

    @property
    def _stay(self) -> float:
        return min(20, self.arguments.minutes * 60 / 4)

    async def _is_all_complete(self) -> bool:
        return all(room.are_boards_complete() and room.is_chat_complete() for room in self.rooms)

    def _is_all_stored(self) -> bool:
        return all(all(room.check_stored()) for room in self.rooms)

    @staticmethod
    async def _wait_until(condition, timeout: float) -> None:
        """Wait until the condition holds; after `timeout`, the report shows what failed."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if await condition():
                return
            await asyncio.sleep(0.1)

    def _print_report(
        self, processes: Processes, settle_seconds: float, checks: dict[str, list[bool]]
    ) -> None:
        users = [user for room in self.rooms for user in room.users]
        join_seconds = [took for user in users for took in user.join_seconds]
        recovery_seconds = [took for user in users for took in user.recovery_seconds]
        counts = sorted(processes.kill_counts.items())
        kills = ", ".join(f"{count} {name}" for name, count in counts)
        print(f"{len(self.rooms)} rooms of 2, {self.arguments.minutes:g} min, two processes")
        print(f"updates drawn: {sum(user.update_count for user in users)}")
        print(f"chat messages: {sum(len(user.sent_messages) for user in users)}")
        print(f"processes killed and restarted: {kills or 0}")
        print(f"voluntary reconnections: {_format_times(join_seconds)}")
        print(f"reconnections after a killed process: {_format_times(recovery_seconds)}")
        print(f"everything everywhere after the last stroke: {settle_seconds:.1f} s")
        logged_problems = processes.logged_problems()
        print(f"log lines above info: {len(logged_problems)}", *logged_problems[:20], sep="\n")
        print(f"load average of the machine: {os.getloadavg()[1]:.1f}")
        for name, results in checks.items():
            print(f"{name}: {sum(results)} of {len(results)} rooms")


async def _wait_at_most(seconds: float, event: asyncio.Event) -> bool:
    """Whether the event is set within that many seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _format_times(seconds: list[float]) -> str:
    if len(seconds) < 2:
        return f"{len(seconds)} times"
    percentiles = statistics.quantiles(seconds, n=100)
    p50, p99 = percentiles[49], percentiles[98]
    return f"{len(seconds)} times, p50 {p50:.2f} s, p99 {p99:.2f} s, max {max(seconds):.2f} s"
