"""How long after it was sent a stroke is seen in Chromium, on a laptop and as slow as on a phone.

The page of a student shows a board with many strokes while somebody draws: every 40 ms a stroke
grows by a few points and a cursor moves, as Kreida's own client sends them. Each version of a
stroke has a colour of its own, and the page notes when that colour was painted. The control is
the same device with a page of a few strokes.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from shutil import which
from typing import Any

from django.conf import settings
from django.core.management import call_command
from playwright.async_api import Page, ViewportSize, async_playwright
from pycrdt import Doc, Map

from apps.accounts.models import User
from apps.classroom.models import BoardSnapshot, ClassroomSession
from apps.classroom.realtime.board.yproto import UPDATE, Entry, awareness_frame, sync_frame
from bench.data import create_sessions
from bench.room.data import STUDENT
from bench.room.servers import Server

CHROMIUM = which("chromium")


@dataclass
class Device:
    slowdown: int  # of the CPU
    window: ViewportSize


PHONE = Device(4, {"width": 390, "height": 844})
LAPTOP = Device(1, {"width": 1280, "height": 860})
# The devices, and how many strokes are on their pages.
BOARDS = {
    "phone, 50 strokes (the control)": (PHONE, 50),
    "phone, 1,500 strokes": (PHONE, 1500),
    "phone, 3,000 strokes": (PHONE, 3000),
    "laptop, 50 strokes (the control)": (LAPTOP, 50),
    "laptop, 3,000 strokes": (LAPTOP, 3000),
}
STROKES, VERSIONS, INTERVAL = 20, 12, 0.04  # drawn while measuring; seconds
ABOVE_ALL = 9000  # place of the first of them, on top as Excalidraw puts a new one
INK = "#1e1e1e"  # of the strokes that are there before
# Notes when a fill of each colour has been painted, which is at the next frame.
RECORD = """
  window.painted = {};
  const fill = CanvasRenderingContext2D.prototype.fill;
  CanvasRenderingContext2D.prototype.fill = function (...given) {
    const colour = this.fillStyle;
    if (typeof colour === "string" && !(colour in window.painted)) {
      window.painted[colour] = null;
      requestAnimationFrame(() => setTimeout(() => { window.painted[colour] = Date.now(); }));
    }
    return fill.apply(this, given);
  };
"""


@dataclass
class Delay:
    """Milliseconds from sending a version of a stroke until it, or a later one, was painted."""

    delays: list[float]

    def percentile(self, percent: int) -> float:
        return sorted(self.delays)[len(self.delays) * percent // 100]


def prepare(rooms: dict[str, str]) -> None:
    """Collect the static files and store each board; the rooms must not be open."""
    call_command("collectstatic", verbosity=0, interactive=False)
    for name, uuid in rooms.items():
        session = ClassroomSession.objects.get(uuid=uuid)
        _device, count = BOARDS[name]
        state = _make_board(count)
        BoardSnapshot.objects.update_or_create(session=session, defaults={"state": state})


def measure(server: Server, rooms: dict[str, str], cookies: dict[str, str]) -> dict[str, Delay]:
    """Measure each board on the page of the student, whose session is in `cookies`."""
    return asyncio.run(_measure_boards(server, rooms, cookies))


async def _measure_boards(
    server: Server, rooms: dict[str, str], cookies: dict[str, str]
) -> dict[str, Delay]:
    address = f"http://127.0.0.1:{server.port}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        delays = {}
        for name, room in rooms.items():
            device, _count = BOARDS[name]
            context = await browser.new_context(viewport=device.window)
            await context.add_cookies(
                [{"name": name, "value": value, "url": address} for name, value in cookies.items()]
            )
            await context.add_init_script(RECORD)
            page = await _open_board(await context.new_page(), address, room, device.slowdown)
            delays[name] = Delay(await _draw(server, room, page))
            await context.close()
        await browser.close()
        return delays


async def _open_board(page: Page, address: str, room: str, slowdown: int) -> Page:
    session = await asyncio.to_thread(ClassroomSession.objects.get, uuid=room)
    await page.goto(f"{address}/lessons/{session.lesson_id}/room/")
    await page.locator(".room-pre-join button[type=submit]").click()
    await page.wait_for_function("(colour) => window.painted[colour]", arg=INK, timeout=60_000)
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    return page


async def _draw(server: Server, room: str, page: Page) -> list[float]:
    peer = await server.connect(room, writer=b"A")
    sent: dict[str, float] = {}
    for number, (colour, update) in enumerate(_versions()):
        sent[colour] = time.time() * 1000
        peer.send(sync_frame(UPDATE, update))
        pointer = {"x": number, "y": number, "tool": "pointer"}
        state = json.dumps({"page": "1", "button": "down", "pointer": pointer, "selected": {}})
        peer.send(awareness_frame([Entry(7, number + 1, state.encode())]))
        await asyncio.sleep(INTERVAL)
    last = list(sent)[-1]
    await page.wait_for_function("(colour) => window.painted[colour]", arg=last, timeout=60_000)
    painted: dict[str, float] = await page.evaluate("window.painted")
    peer.close()
    return list(_delays(sent, painted))


def _delays(sent: dict[str, float], painted: dict[str, float]) -> Iterator[float]:
    """For each version, how long it took until it or the next painted one after it was seen."""
    seen_at = float("inf")
    for colour, at in reversed(sent.items()):
        seen_at = min(seen_at, painted.get(colour) or float("inf"))
        yield seen_at - at


def _versions() -> Iterator[tuple[str, bytes]]:
    """The updates of strokes that grow, each with a colour of its own."""
    doc: Doc[Any] = Doc(client_id=4242)
    elements = doc.get("elements:1", type=Map)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for stroke in range(STROKES):
        for version in range(1, VERSIONS + 1):
            colour = f"#{0xAA0000 + stroke * VERSIONS + version:06x}"
            element = _stroke(f"drawn{stroke}", 40 + stroke * 12, 200, version * 4, colour)
            index = _index(ABOVE_ALL + stroke)
            elements[f"drawn{stroke}"] = {**element, "version": version, "index": index}
            yield colour, updates[-1]
    doc.unobserve(subscription)


def _make_board(count: int) -> bytes:
    doc: Doc[Any] = Doc(client_id=77)
    elements = doc.get("elements:1", type=Map)
    numbers = Random(7)
    with doc.transaction():
        for number in range(count):
            x, y = numbers.random() * 300, numbers.random() * 600
            stroke = _stroke(f"stroke{number}", x, y, 40, INK)
            elements[f"stroke{number}"] = {**stroke, "index": _index(number)}
    return doc.get_update()


def _index(place: int) -> str:
    """The fractional index of a place in the order of drawing."""
    return f"d{place:04}"


def _stroke(name: str, x: float, y: float, count: int, colour: str) -> dict[str, Any]:
    points = [[at * 1.5, (at * 7) % 23] for at in range(count)]
    return {
        "id": name,
        "type": "freedraw",
        "x": x,
        "y": y,
        "width": count * 1.5,
        "height": 23,
        "points": points,
        "pressures": [],
        "simulatePressure": True,
        "lastCommittedPoint": points[-1],
        "strokeColor": colour,
        "version": 1,
        "versionNonce": 1,
        "seed": 1,
    }


def student_cookies() -> dict[str, str]:
    """A session of the student, made without a password, whose hashing is slow by design."""
    (session,) = create_sessions([User.objects.get(pk=STUDENT)])
    return {settings.SESSION_COOKIE_NAME: str(session.session_key)}
