"""Clients of a room for tests: tickets over HTTP, sockets with `websockets`."""

import asyncio
import contextlib
import json
import subprocess
import uuid
from pathlib import Path

import websockets
from django.db import connection
from django.utils import timezone
from pycrdt import Doc, Map
from websockets.asyncio.client import connect

from apps.classroom.realtime.board import yproto
from apps.lessons.invites import make_invite

TIMEOUT = 30
FRONTEND = Path(__file__).resolve().parents[3] / "frontend"


class Closed(AssertionError):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


class LiveRoom:
    """The room of one lesson on a running server; issues tickets and opens sockets."""

    def __init__(self, server, lesson, tutor, student, api):
        self.server, self.stop = server.url, server.stop
        self.lesson, self.tutor, self.student = lesson, tutor, student
        self.session = lesson.session
        self.uuid = lesson.session.uuid
        self.api = api
        self.join_url = f"/api/classroom/sessions/{self.uuid}/join/"

    def join(self, user=None, client=None, **body):
        client = client or self.api(user)
        return client.post(self.join_url, body, format="json")

    def ticket(self, user=None, client=None, **body):
        response = self.join(user, client, **body)
        assert response.status_code == 200, response.content
        return response.json()["ticket"]

    def invite(self, **kwargs):
        self.lesson.refresh_from_db()
        return make_invite(lesson=self.lesson, now=timezone.now(), **kwargs).token

    def guest(self, name="Гість"):
        """Return the HTTP client and the ticket of a guest without an account."""
        client = self.api(None)
        return client, self.ticket(client=client, invite=self.invite(), name=name)

    @staticmethod
    def new_id():
        return uuid.uuid4()

    def deactivate(self, user):
        """Deactivate a user and close the connection; call it in a thread."""
        try:
            type(user).objects.filter(pk=user.pk).update(is_active=False)
        finally:
            connection.close()

    def url(self, kind, ticket, room=None):
        base = self.server.replace("http", "ws")
        return f"{base}/ws/classroom/{room or self.uuid}/{kind}?ticket={ticket}"

    def run_in_node(self, script, *arguments):
        """Run a script of frontend/tests for the board of the student and the tutor; return what
        it prints as JSON."""
        address = self.url("board", "").split("?")[0]
        tickets = [self.ticket(self.student), self.ticket(self.tutor)]
        done = subprocess.run(
            ["node", f"tests/{script}", *arguments, address, *tickets],
            cwd=FRONTEND,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def events(self, ticket, **kwargs):
        return Events(self.url("events", ticket), **kwargs)

    def board(self, ticket, **kwargs):
        return BoardClient(self.url("board", ticket), **kwargs)


class Client:
    def __init__(self, url, **kwargs):
        self.url, self.kwargs = url, {"compression": None, "max_size": None, **kwargs}

    async def __aenter__(self):
        self.socket = await connect(self.url, **self.kwargs)
        await self.on_open()
        return self

    async def __aexit__(self, *exc):
        await self.socket.close()

    async def on_open(self):
        pass

    async def close_code(self):
        """Read until the server closes the socket; return the close code."""
        async with asyncio.timeout(TIMEOUT * 2):
            with contextlib.suppress(websockets.ConnectionClosed):
                while True:
                    await self.socket.recv()
        return self.socket.close_code


class Events(Client):
    async def on_open(self):
        self.seen = []

    async def send(self, type_, **fields):
        await self.socket.send(json.dumps({"type": type_, **fields}))

    async def receive(self):
        async with asyncio.timeout(TIMEOUT):
            try:
                message = json.loads(await self.socket.recv())
            except websockets.ConnectionClosed:
                raise Closed(self.socket.close_code) from None
        self.seen.append(message)
        return message

    async def wait_for(self, type_, **fields):
        """Return the next message of a type with the given fields; skip others."""
        while True:
            message = await self.receive()
            if message["type"] == type_ and fields.items() <= message.items():
                return message

    async def send_chat(self, text, id_=None):
        id_ = str(id_ or uuid.uuid4())
        await self.send("chat.send", id=id_, text=text)
        return id_

    async def receive_all(self):
        """Add all messages to `seen` until the task is cancelled."""
        with contextlib.suppress(websockets.ConnectionClosed):
            async for frame in self.socket:
                self.seen.append(json.loads(frame))

    def get_last_state(self, peer):
        """Return the last state received of a peer; None if they are not in the room."""
        state = None
        for message in self.seen:
            if message["type"] == "welcome":
                state = next((p for p in message["peers"] if p["peer"] == peer), None)
            elif message["type"] in {"peer.joined", "peer.changed"}:
                state = message["peer"] if message["peer"]["peer"] == peer else state
            elif message["type"] == "peer.left" and message["peer"] == peer:
                state = None
        return state

    def has_peer(self, peer):
        return self.get_last_state(peer) is not None

    def is_hand_raised(self, peer):
        return self.get_last_state(peer)["hand"]

    async def receive_pending(self):
        """Return all messages sent to this socket before now, by waiting for a pong."""
        await self.send("ping")
        before = len(self.seen)
        await self.wait_for("pong")
        return self.seen[before:-1]


class BoardClient(Client):
    """A Yjs client: sends the updates of its document and applies the ones it receives."""

    def __init__(self, url, doc=None, **kwargs):
        super().__init__(url, **kwargs)
        self.doc = doc or Doc()
        self.map = self.doc.get("elements:1", type=Map)
        self.awareness = {}
        self.synced = asyncio.Event()

    async def on_open(self):
        self._is_applying_remote = False
        self._out = asyncio.Queue()
        self._subscription = self.doc.observe(self._changed)
        await self.socket.send(yproto.sync_frame(yproto.STEP1, self.doc.get_state()))
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        waiting = asyncio.create_task(self.synced.wait())
        await asyncio.wait(
            [waiting, self._tasks[0]], timeout=TIMEOUT, return_when="FIRST_COMPLETED"
        )
        waiting.cancel()
        if not self.synced.is_set():
            await self.__aexit__()
            raise Closed(self.socket.close_code)

    def _changed(self, event):
        if not self._is_applying_remote:
            self._out.put_nowait(yproto.sync_frame(yproto.UPDATE, event.update))

    async def _write(self):
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await self.socket.send(await self._out.get())
                self._out.task_done()

    async def _read(self):
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                frame = await self.socket.recv()
                self.on_frame(frame)

    def on_frame(self, frame):
        if frame[0] == yproto.AWARENESS:
            for client, _clock, state in yproto.read_awareness(frame):
                self.awareness[client] = json.loads(state)
            return
        step, payload = yproto.read_sync(frame)
        if step == yproto.STEP1:
            update = self.doc.get_update(payload)
            self._out.put_nowait(yproto.sync_frame(yproto.STEP2, update))
            return
        self._is_applying_remote = True
        self.doc.apply_update(payload)
        self._is_applying_remote = False
        if step == yproto.STEP2:
            self.synced.set()

    async def __aexit__(self, *exc):
        self.doc.unobserve(self._subscription)
        await self.drain()
        await self.socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drain(self):
        """Wait until all updates are sent and the server has read them."""
        with contextlib.suppress(websockets.ConnectionClosed, TimeoutError):
            async with asyncio.timeout(TIMEOUT):
                sent = asyncio.create_task(self._out.join())
                await asyncio.wait({sent, self._tasks[1]}, return_when="FIRST_COMPLETED")
                sent.cancel()
                await (await self.socket.ping())

    async def close_code(self):
        async with asyncio.timeout(TIMEOUT * 2):
            await self.socket.wait_closed()
        return self.socket.close_code


def awareness_frame(*entries):
    return yproto.awareness_frame([yproto.Entry(c, clock, s) for c, clock, s in entries])


async def refused_with(url, **kwargs):
    """Open a socket that the server closes at once; return the close code."""
    async with connect(url, **kwargs) as socket, asyncio.timeout(TIMEOUT):
        await socket.wait_closed()
        return socket.close_code


def max_work_between_turns(work, done):
    """Return the most work done between two turns of the event loop while `work` runs.

    The amounts are those that the coroutine `work` appends to the list `done`.
    """

    async def measure():
        gaps, seen, working = [], len(done), asyncio.create_task(work)
        while not working.done():
            await asyncio.sleep(0)
            gaps.append(sum(done[seen:]))
            seen = len(done)
        working.result()
        return max(gaps)

    return asyncio.run(measure())


async def eventually(condition, timeout=TIMEOUT):
    """Wait until `condition()` is true; fail after `timeout` seconds."""
    deadline = asyncio.get_running_loop().time() + timeout
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "timeout"
        await asyncio.sleep(0.01)
