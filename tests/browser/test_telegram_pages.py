"""The pages of a server that has a Telegram bot, and the settings of somebody who is linked."""

import pytest

from tests.bot_api import TOKEN, BotApi
from tests.browser.axe import accessibility_violations, load_axe
from tests.browser.conftest import Scene, launch
from tests.server import start_kreida, stop_kreida

pytestmark = [pytest.mark.browser, pytest.mark.any_database]
TIMEOUT_MS = 20_000


@pytest.fixture
def page(playwright, tmp_path, kreida_seed):
    with BotApi() as bot:
        server = start_kreida(
            tmp_path, kreida_seed, TELEGRAM_BOT_TOKEN=TOKEN, TELEGRAM_API_URL=bot.url
        )
        made = Scene(server.data_dir)
        student = made.person(role="student", first_name="Olena", locale="en")
        made.process.stdin.close()
        made.process.wait(10)
        browser = launch(playwright)
        context = browser.new_context(base_url=server.url, locale="en-GB", reduced_motion="reduce")
        context.set_default_timeout(TIMEOUT_MS)
        context.add_cookies([{"name": "sessionid", "value": student["session"], "url": server.url}])
        load_axe(context)
        opened = context.new_page()
        opened.bot = bot
        yield opened
        browser.close()
        stop_kreida(server)


def press_until(page, button, shown):
    """Pages of before the worker has asked the bot know nothing of it."""
    for _ in range(100):
        page.goto("/settings/notifications/")
        if button:
            page.locator(button).click()
            page.wait_for_url("**/settings/notifications/telegram/")
        if page.locator(shown).count():
            return page.locator(shown)
    pytest.fail(f"{shown} was never shown")


def test_pages_of_linking_telegram_have_no_accessibility_violations(page):
    page.goto("/settings/notifications/")
    found = accessibility_violations(page)
    link = press_until(page, "form[action$='/telegram/'] button", "a[href^='https://t.me/']")
    found += accessibility_violations(page)
    page.bot.write("/start " + link.get_attribute("href").partition("start=")[2])
    press_until(page, None, "form[action$='/telegram/end/'] button")
    found += accessibility_violations(page)
    assert not found, "\n".join(found)
