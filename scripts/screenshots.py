"""`make screenshots`: screenshots of the demo school for the README and the docs.

Starts a server with a temporary data folder, opens its pages in Chromium and writes
docs/screenshots/*.png.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.server import Kreida, start_kreida, stop_kreida  # noqa: E402

OUT = ROOT / "docs" / "screenshots"
LARGEST = 300 * 1024
LAPTOP, PHONE = (1280, 800), (390, 780)
# name: path, size, colour scheme, language, role of the signed-in user
PICTURES = {
    "landing": ("/", (1120, 680), "light", "en", ""),
    "calendar": ("/calendar/", LAPTOP, "light", "en", "tutor"),
    "calendar-board": ("/calendar/", LAPTOP, "dark", "uk", "tutor"),
    "students": ("/students/", LAPTOP, "light", "en", "tutor"),
    "classroom": ("/classrooms/1/", LAPTOP, "dark", "en", "tutor"),
    "lesson": ("/lessons/6/", LAPTOP, "light", "uk", "tutor"),
    "phone-lesson": ("/lessons/6/", PHONE, "dark", "uk", "tutor"),
    "phone-students": ("/students/", PHONE, "light", "en", "tutor"),
}


def main() -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start_kreida(Path(folder), THROTTLING="off")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        try:
            sizes = [take_screenshot(browser, server, name) for name in PICTURES]
        finally:
            browser.close()
            stop_kreida(server)
    return 1 if max(sizes) > LARGEST else 0


def take_screenshot(browser: Browser, server: Kreida, name: str) -> int:
    """Save a screenshot and return its size in bytes."""
    path, (width, height), theme, locale, role = PICTURES[name]
    context = browser.new_context(
        base_url=server.url,
        viewport={"width": width, "height": height},
        color_scheme=theme,
        locale=locale,
        timezone_id="Europe/Kyiv",
        reduced_motion="reduce",
    )
    page = context.new_page()
    if role:
        sign_in(page, server, role)
        page.get_by_role("button", name={"uk": "Українська", "en": "English"}[locale]).click()
    page.goto(path)
    page.wait_for_load_state("networkidle")
    file = OUT / f"{name}.png"
    page.screenshot(path=file)
    context.close()
    size = file.stat().st_size
    print(f"{file.relative_to(ROOT)}  {size // 1024} KiB")
    return size


def sign_in(page: Page, server: Kreida, role: str) -> None:
    """Sign in with the password that the server printed when it created the demo school."""
    email, password = server.wait_for(rf"\b{role}\s+\S+@").split()[-2:]
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(password)
    page.locator("main").get_by_role("button").click()
    page.wait_for_url("**/calendar/")


if __name__ == "__main__":
    sys.exit(main())
