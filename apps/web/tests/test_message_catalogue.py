"""The translations of the front end's messages."""

import re

import pytest
from django.contrib.staticfiles import finders

from apps.common.static import is_immutable

SCRIPT = re.compile(r'<script defer src="/static/(web/dist/assets/messages-[^"]+)"></script>')


@pytest.mark.parametrize("path", ["/calendar/", "/lessons/{id}/room/"])
def test_ukrainian_page_loads_the_catalogue_before_its_module(path, browser, tutor, lesson):
    page = browser(tutor, "uk").get(path.format(id=lesson.pk)).content.decode()
    script = SCRIPT.search(page)
    assert script.end() < page.index(
        "/web/dist/assets/calendar" if "cal" in path else "assets/room"
    )
    with open(finders.find(script[1]), encoding="utf-8") as file:
        assert '"Close":"Закрити"' in file.read()
    assert is_immutable("", f"/static/{script[1]}")


def test_english_page_needs_no_catalogue(browser, tutor):
    assert not SCRIPT.search(browser(tutor, "en").get("/calendar/").content.decode())
