"""Fixtures of the browser tests: a real server, Chromium, and pages that record their errors."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.browser.board import TIMEOUT_MS, wait_for_board
from tests.browser.room_school import School, enter, make_school, open_as
from tests.browser.scene_client import Scene
from tests.server import ROOT, Kreida, start_kreida, stop_kreida

CHROMIUM = "/usr/bin/chromium"
# Takes a third less CPU time, but cannot ask for permissions. Not every machine has it.
HEADLESS_SHELL = shutil.which("chromium-headless-shell") or CHROMIUM
# Chromium's address bar loads two pages of its own for each window, which takes longer than a page
# of Kreida. Only the last `--disable-features` counts, so that the rest repeats Playwright's.
DISABLED_FEATURES = [
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "AimEnabled", "PreconnectToSearch"),
    *("HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "PaintHolding", "LensOverlay"),
    *("MediaRouter", "ThirdPartyStoragePartitioning", "AvoidUnnecessaryBeforeUnloadCheckSync"),
    *("DestroyProfileOnBrowserClose", "OptimizationHints", "NetworkTimeServiceQuerying"),
    "AvoidCorsURLLoaderRestartOnRedirect",
]
# Chromium logs every response of 400 or more to the console; these statuses are expected.
EXPECTED = re.compile(r"the server responded with a status of (400|403|404|405|409|412|410)")
SIZES = {"laptop": (1280, 860), "phone": (390, 844)}
# Main journeys run at both sizes in both languages, others with one language for each size.
EVERY_WAY = pytest.mark.parametrize(
    ("size", "locale"), [(size, locale) for size in SIZES for locale in ("en", "uk")]
)
BOTH = pytest.mark.parametrize(("size", "locale"), [("laptop", "en"), ("phone", "uk")])

# Records text drawn on a canvas, such as the names beside cursors.
RECORD_CANVAS_TEXT = """
  window.written = new Set();
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    window.written.add(text);
    return fillText.call(this, text, ...rest);
  };
"""


@cache
def script_messages() -> dict[Any, Any]:
    """The Ukrainian messages of the calendar and the room, by their ids."""
    with (ROOT / "locale/uk/LC_MESSAGES/djangojs.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file)}


def translate(message: str, locale: str) -> str:
    """Translate a message of the pages or, if they do not have it, of the scripts."""
    with translation.override(locale):
        text = gettext(message)
    return script_messages().get(message, text) if locale == "uk" and text == message else text


@dataclass
class Visitor:
    """A browser page, the language of its user, and the problems found on it."""

    page: Page
    locale: str
    problems: list[str] = field(default_factory=list)

    def text_pattern(self, message: str) -> re.Pattern[str]:
        """Return a pattern that matches the start of the translated message."""
        text = translate(message, self.locale)
        return re.compile("^" + re.escape(text.strip()), re.IGNORECASE)

    def press(self, message: str, role: str = "button", within: Any = None) -> None:
        where = within or self.page
        where.get_by_role(role, name=self.text_pattern(message)).first.click()

    def fill(self, message: str, text: str) -> None:
        self.page.get_by_label(self.text_pattern(message)).first.fill(text)

    def wait_for_text(self, message: str) -> None:
        self.page.get_by_text(translate(message, self.locale)).first.wait_for()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, kreida_seed: Path) -> Iterator[Kreida]:
    """A server without throttling, since tests send requests faster than a user."""
    server = start_kreida(tmp_path_factory.mktemp("browser"), kreida_seed, THROTTLING="off")
    yield server
    stop_kreida(server)


@pytest.fixture(scope="session")
def scene(site: Kreida) -> Iterator[Scene]:
    made = Scene(site.data_dir)
    yield made
    made.process.stdin.close()
    made.process.wait(10)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


def launch(
    playwright: Playwright, *flags: str, executable_path: str = CHROMIUM, **options: Any
) -> Browser:
    args = [f"--disable-features={','.join(DISABLED_FEATURES)}", *flags]
    return playwright.chromium.launch(executable_path=executable_path, args=args, **options)


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright, executable_path=HEADLESS_SHELL)
    yield browser
    browser.close()


@pytest.fixture
def visit(chromium: Browser, site: Kreida) -> Iterator[Callable[..., Visitor]]:
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def open_browser(
        person: dict[str, Any] | None = None,
        size: str = "laptop",
        locale: str = "en",
        **options: Any,
    ) -> Visitor:
        width, height = SIZES[size]
        context = chromium.new_context(
            base_url=site.url,
            viewport={"width": width, "height": height},
            locale=locale,
            has_touch=size == "phone",
            permissions=["clipboard-read", "clipboard-write"],
            **{"timezone_id": "Europe/Kyiv", "service_workers": "block", **options},
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        if person:
            cookie = {"name": "sessionid", "value": person["session"], "url": site.url}
            context.add_cookies([cookie])
        visitor = Visitor(context.new_page(), locale)
        _watch(visitor, site.url)
        visitors.append(visitor)
        return visitor

    yield open_browser
    problems = [problem for visitor in visitors for problem in visitor.problems]
    for context in contexts:
        context.close()
    assert problems == []


def _watch(visitor: Visitor, url: str) -> None:
    """Record console errors (such as CSP violations), script errors and requests to other hosts."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED.search(message.text):
            visitor.problems.append(f"console: {message.text}")

    def on_request(request: Any) -> None:
        if not request.url.startswith((url, "data:", "blob:", url.replace("http", "ws", 1))):
            visitor.problems.append(f"another host: {request.url}")

    visitor.page.on("console", on_console)
    visitor.page.on("pageerror", lambda error: visitor.problems.append(f"script: {error}"))
    visitor.page.on("request", on_request)


@pytest.fixture(scope="module")
def school(kreida) -> School:
    return make_school(kreida.url)


@pytest.fixture(scope="module")
def people(chromium: Browser, school: School) -> Iterator[tuple[Page, Page]]:
    contexts = [
        open_as(chromium, school.tutor),
        open_as(chromium, school.student, color_scheme="dark"),
    ]
    for context in contexts:
        context.set_default_timeout(TIMEOUT_MS)
        context.add_init_script(RECORD_CANVAS_TEXT)
    pages = [enter(context, school.room) for context in contexts]
    for page in pages:
        wait_for_board(page)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


@pytest.fixture
def both_pages(people) -> tuple[Page, Page]:
    """The tutor's and the student's browser page, both on a new page of the board."""
    tutor, student = people
    student.context.set_offline(False)
    follow = student.get_by_role("button", name="Follow the tutor")
    if follow.get_attribute("aria-pressed") == "false":
        follow.click()
    count = tutor.locator(".room-pages button").count() + 1
    tutor.get_by_role("button", name="New page").click()
    for page in people:
        expect(page.locator(".room-pages [aria-current]")).to_have_text(
            str(count), timeout=TIMEOUT_MS
        )
    return people


@pytest.fixture
def week(scene):
    """A tutor in Kyiv and a student in New York, with lessons at 10:00 and 12:00 on 4 January."""

    def make(locale="en", zone="America/New_York"):
        tutor = scene.person(role="tutor", first_name="Taras", locale=locale)
        student = scene.person(
            role="student", first_name="Olena", last_name="Koval", locale=locale, timezone=zone
        )
        scene.classroom(tutor=tutor["id"], students=[student["id"]])
        ids = [
            scene.lesson(
                tutor=tutor["id"],
                student=student["id"],
                starts_at=f"2027-01-04T{hour:02}:00:00+00:00",
                title=title,
            )["id"]
            for hour, title in ((8, "First"), (10, "Second"))
        ]
        return tutor, student, ids

    return make
