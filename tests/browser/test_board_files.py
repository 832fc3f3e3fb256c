"""Pictures and PDF on the board of a lesson, in two real browsers."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.board import (
    DROP,
    MARKED,
    PATIENCE,
    black_png,
    corner,
    is_closed,
    on_last_page,
    pdf_of,
    wait_for_ink,
)

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]


def test_dropped_picture_appears_on_both_boards(two, school):
    tutor, student = two
    left, top = corner(tutor)
    assert not student.evaluate(MARKED)
    tutor.evaluate(DROP, [list(black_png(60, 40)), "image/png", left + 500, top + 300])
    wait_for_ink(tutor)
    student.wait_for_function(MARKED)
    (picture,) = on_last_page(school)
    assert picture["type"] == "image"


def test_pdf_pages_are_stacked_vertically_and_locked(two, school, tmp_path):
    tutor, _ = two
    (tmp_path / "two.pdf").write_bytes(pdf_of(2))
    with tutor.expect_response(re.compile("LiberationSans-Regular.ttf$")) as font:
        open_pdf(tutor, tmp_path / "two.pdf")
    is_closed(tutor)
    assert font.value.ok
    first, second = on_last_page(school)
    assert (first["locked"], second["locked"]) == (True, True)
    assert second["y"] > first["y"] + first["height"]


def open_pdf(page: Page, file: Path) -> None:
    page.get_by_role("button", name="PDF", exact=True).click()
    page.get_by_label("PDF file").set_input_files(file)
    page.get_by_role("button", name="Put on the board").click()


def test_pdf_over_60_pages_is_truncated_with_a_notice(two, school, tmp_path):
    tutor, _ = two
    (tmp_path / "long.pdf").write_bytes(pdf_of(62))
    open_pdf(tutor, tmp_path / "long.pdf")
    expect(tutor.locator(".room-notice")).to_contain_text("left out, 2 in number", timeout=60000)
    is_closed(tutor)
    assert len(on_last_page(school)) == 60


def test_pdf_import_stops_when_cancelled(two, school, tmp_path):
    tutor, _ = two
    (tmp_path / "long.pdf").write_bytes(pdf_of(60))
    open_pdf(tutor, tmp_path / "long.pdf")
    dialog = tutor.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text("of 60")
    dialog.get_by_role("button", name="Cancel").click()
    is_closed(tutor)
    tutor.wait_for_timeout(1000)
    placed = len(on_last_page(school))
    tutor.wait_for_timeout(1000)
    assert len(on_last_page(school)) == placed < 60


def test_broken_pdf_shows_an_error(two, school, tmp_path):
    tutor, _ = two
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing of the sort")
    open_pdf(tutor, tmp_path / "broken.pdf")
    dialog = tutor.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_have_text("This PDF could not be read.")
    dialog.get_by_role("button", name="Cancel").click()
    assert on_last_page(school) == []


def test_picture_refused_by_the_server_is_removed_with_a_notice(two, school):
    tutor, _ = two
    left, top = corner(tutor)
    answer = {"status": 413, "json": {"error": "too_large", "detail": "Over 10 MB."}}
    tutor.route("**/files/", lambda route: route.fulfill(**answer))
    tutor.evaluate(DROP, [list(black_png(70, 40)), "image/png", left + 500, top + 300])
    expect(tutor.locator(".room-notice")).to_contain_text("Over 10 MB.")
    tutor.unroute("**/files/")
    expect(tutor.locator(".room-unsent")).to_have_text("", timeout=PATIENCE)
    assert on_last_page(school) == []
