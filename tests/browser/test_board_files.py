"""Pictures and PDF files on the board, in two real browsers."""

import io
import struct
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.board import (
    ARIAL_GLYPHS,
    ARIAL_PE,
    CYRILLIC_ARIAL,
    CYRILLIC_TIMES,
    DROP,
    HAS_MARKS,
    PASTE,
    TIMEOUT_MS,
    canvas_origin,
    last_page_elements,
    make_black_png,
    make_pdf,
    wait_for_dialog_to_close,
    wait_for_elements,
    wait_for_ink,
    wait_for_pictures,
)

# The colours of a picture's quarters.
QUARTERS = """async (bytes) => {
  const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
  const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  context.drawImage(picture, 0, 0);
  const name = ([red, green, blue]) =>
    Math.min(red, green, blue) > 200 ? "grey"
      : red > 150 ? "red" : green > 120 ? "green" : blue > 150 ? "blue" : "other";
  return [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]].map(([x, y]) =>
    name(context.getImageData(x * picture.width, y * picture.height, 1, 1).data));
}"""

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]


def test_dropped_picture_appears_on_both_boards(both_pages, school):
    tutor, student = both_pages
    left, top = canvas_origin(tutor)
    assert not student.evaluate(HAS_MARKS)
    tutor.evaluate(DROP, [list(make_black_png(60, 40)), "image/png", left + 500, top + 300])
    wait_for_ink(tutor)
    student.wait_for_function(HAS_MARKS)
    (picture,) = wait_for_elements(school, 1)
    assert picture["type"] == "image"


def test_pdf_pages_are_stacked_vertically_and_locked(both_pages, school, tmp_path):
    tutor, _ = both_pages
    (tmp_path / "two.pdf").write_bytes(make_pdf(2, CYRILLIC_TIMES))
    open_pdf(tutor, tmp_path / "two.pdf")
    wait_for_dialog_to_close(tutor)
    wait_for_ink(tutor)
    first, second = wait_for_elements(school, 2)
    assert (first["locked"], second["locked"]) == (True, True)
    assert second["y"] > first["y"] + first["height"]


def test_letters_named_by_the_glyphs_of_a_missing_font_are_drawn(both_pages, school, tmp_path):
    """Each page is stored as a picture; both show the same letter of the same font."""
    tutor, _ = both_pages
    pictures = []
    for font, text in ((CYRILLIC_ARIAL, b"(P)"), (ARIAL_GLYPHS, ARIAL_PE)):
        (tmp_path / "one.pdf").write_bytes(make_pdf(1, font, text))
        with tutor.expect_response(lambda response: response.url.endswith("/files/")) as upload:
            open_pdf(tutor, tmp_path / "one.pdf")
        wait_for_dialog_to_close(tutor)
        pictures.append(tutor.request.get(school.url + upload.value.json()["url"]).body())
    assert pictures[0] == pictures[1]


def open_pdf(page: Page, file: Path) -> None:
    page.get_by_role("button", name="PDF", exact=True).click()
    page.get_by_label("PDF file").set_input_files(file)
    page.get_by_role("button", name="Add to board").click()


def test_chosen_pdf_pages_are_added_after_an_interruption_and_stay_locked(
    both_pages, school, tmp_path
):
    tutor, _ = both_pages
    (tmp_path / "long.pdf").write_bytes(make_pdf(62))
    tutor.get_by_role("button", name="PDF", exact=True).click()
    dialog = tutor.get_by_role("dialog")
    dialog.get_by_label("PDF file").set_input_files(tmp_path / "long.pdf")
    pages = dialog.get_by_label("Pages (of 62)")
    expect(pages).to_have_value("1–60")
    pages.fill("1-62")
    expect(dialog.get_by_role("alert")).to_have_text("At most 60 pages can be added at once.")
    pages.fill("2-6, 62")
    tutor.route("**/files/", lambda route: route.abort())
    dialog.get_by_role("button", name="Add to board").click()
    expect(dialog.get_by_role("status")).to_have_text("Page 1 of 6")
    tutor.unroute("**/files/")
    wait_for_dialog_to_close(tutor)
    tutor.keyboard.press("Control+a")
    tutor.keyboard.press("Delete")
    placed = wait_for_elements(school, 6)
    assert not any(element["isDeleted"] for element in placed)


def test_pdf_refused_midway_goes_on_with_the_rest(both_pages, school, tmp_path):
    tutor, _ = both_pages
    (tmp_path / "four.pdf").write_bytes(make_pdf(4))
    uploads = []

    def refuse_third(route):
        uploads.append(1)
        if len(uploads) == 3:
            route.fulfill(status=507, json={"error": "storage_full", "detail": "No space."})
        else:
            route.continue_()

    tutor.route("**/files/", refuse_third)
    open_pdf(tutor, tmp_path / "four.pdf")
    dialog = tutor.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_have_text("No space.", timeout=TIMEOUT_MS)
    expect(dialog.get_by_label("Pages (of 4)")).to_have_value("3–4")
    dialog.get_by_role("button", name="Add to board").click()
    wait_for_dialog_to_close(tutor)
    tops = sorted(element["y"] for element in wait_for_elements(school, 4))
    assert len(set(tops)) == 4


def test_pdf_with_a_password_asks_for_it(both_pages, school):
    tutor, _ = both_pages
    tutor.get_by_role("button", name="PDF", exact=True).click()
    dialog = tutor.get_by_role("dialog")
    dialog.get_by_label("PDF file").set_input_files(Path(__file__).parent / "files/locked.pdf")
    for password, words in (("wrong", "The password is wrong"), ("chalk", None)):
        dialog.get_by_label("PDF password").fill(password)
        dialog.get_by_role("button", name="Open", exact=True).click()
        if words:
            expect(dialog.get_by_role("alert")).to_contain_text(words)
    dialog.get_by_role("button", name="Add to board").click()
    wait_for_dialog_to_close(tutor)
    wait_for_elements(school, 2)


def test_jpeg_2000_in_a_pdf_is_decoded_by_webassembly(both_pages, school, tmp_path):
    """Without it, pdf.js decodes with a script, which takes five times as long."""
    tutor, _ = both_pages
    made = io.BytesIO()
    Image.new("RGBA", (400, 300), "black").save(made, "PDF")
    assert b"/JPXDecode" in made.getvalue()
    (tmp_path / "scan.pdf").write_bytes(made.getvalue())
    asked: list[str] = []
    tutor.on("request", lambda request: asked.append(request.url))
    open_pdf(tutor, tmp_path / "scan.pdf")
    wait_for_dialog_to_close(tutor)
    wait_for_ink(tutor)
    decoders = [Path(url).name for url in asked if "openjpeg" in url]
    assert decoders == ["openjpeg.wasm"]


def test_pdf_import_stops_when_cancelled(both_pages, school, tmp_path):
    tutor, _ = both_pages
    (tmp_path / "long.pdf").write_bytes(make_pdf(60))
    open_pdf(tutor, tmp_path / "long.pdf")
    dialog = tutor.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text("of 60")
    dialog.get_by_role("button", name="Cancel").click()
    wait_for_dialog_to_close(tutor)
    tutor.wait_for_timeout(1000)
    placed = len(last_page_elements(school))
    tutor.wait_for_timeout(1000)
    assert len(last_page_elements(school)) == placed < 60


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.4\nnothing of the sort", "This PDF could not be read"),
        (b"PK\x03\x04 a document", "This file is not a PDF."),
    ],
)
def test_broken_pdf_shows_an_error(both_pages, school, tmp_path, content, words):
    tutor, _ = both_pages
    (tmp_path / "broken.pdf").write_bytes(content)
    tutor.get_by_role("button", name="PDF", exact=True).click()
    tutor.get_by_label("PDF file").set_input_files(tmp_path / "broken.pdf")
    dialog = tutor.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text(words)
    expect(dialog.get_by_role("button", name="Add to board")).to_be_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    assert last_page_elements(school) == []


def test_picture_refused_by_the_server_is_removed_with_a_notice(both_pages, school):
    tutor, _ = both_pages
    left, top = canvas_origin(tutor)
    answer = {"status": 413, "json": {"error": "too_large", "detail": "Over 10 MB."}}
    tutor.route("**/files/", lambda route: route.fulfill(**answer))
    tutor.evaluate(DROP, [list(make_black_png(70, 40)), "image/png", left + 500, top + 300])
    expect(tutor.locator(".room-board > .notice")).to_contain_text("Over 10 MB.")
    tutor.unroute("**/files/")
    expect(tutor.locator(".room-unsent")).to_have_text("", timeout=TIMEOUT_MS)
    assert last_page_elements(school) == []


def refusal_of(page: Page, file: bytes, kind: str) -> str:
    """Drop a file; return what Excalidraw's dialog says, and close it."""
    left, top = canvas_origin(page)
    page.evaluate(DROP, [list(file), kind, left + 500, top + 300])
    dialog = page.locator(".excalidraw .Modal__content")
    dialog.wait_for()
    text = dialog.inner_text()
    dialog.press("Escape")
    dialog.wait_for(state="detached")
    return text


def test_pictures_that_cannot_be_shown_are_refused_in_words(both_pages, school):
    """By their headers: 20,000 × 20,000 pixels would block the browser for half a minute."""
    tutor, _ = both_pages
    huge = make_black_png(1, 1).replace(
        struct.pack(">II", 1, 1), struct.pack(">II", 20_000, 20_000)
    )
    assert "20000 × 20000 pixels" in refusal_of(tutor, huge, "image/png")
    heic = b"\0\0\0\x18ftypheic" + bytes(100)
    assert "HEIC picture could not be opened" in refusal_of(tutor, heic, "image/heic")
    assert "can’t open TIFF pictures" in refusal_of(tutor, b"II*\0" + bytes(100), "image/tiff")
    assert "not a picture" in refusal_of(tutor, b"%PDF-1.4", "image/png")
    wait_for_elements(school, 0)


def test_large_picture_is_scaled_to_a_readable_size_before_upload(both_pages, school):
    tutor, _ = both_pages
    left, top = canvas_origin(tutor)
    with tutor.expect_response(lambda response: response.url.endswith("/files/")) as upload:
        tutor.evaluate(DROP, [list(make_black_png(4000, 3000)), "image/png", left + 500, top + 300])
    stored = tutor.request.get(school.url + upload.value.json()["url"]).body()
    assert struct.unpack(">II", stored[16:24]) == (2560, 1920)
    wait_for_ink(tutor)


def test_large_picture_is_scaled_in_a_worker_while_a_notice_is_shown(both_pages, school):
    tutor, _ = both_pages
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    tutor.route("**/scale-worker*", hold)
    left, top = canvas_origin(tutor)
    tutor.evaluate(DROP, [list(make_black_png(3000, 200)), "image/png", left + 500, top + 300])
    notice = tutor.get_by_text("Preparing the picture…")
    expect(notice).to_be_visible()
    assert len(held) == 1
    held[0].continue_()
    tutor.unroute("**/scale-worker*")
    expect(notice).to_have_count(0)
    wait_for_elements(school, 1)


PHOTO = Path(__file__).parent / "files/photo.heic"


def test_heic_picture_is_stored_as_jpeg_however_it_is_added(both_pages, school):
    tutor, _ = both_pages
    heic = list(PHOTO.read_bytes())
    left, top = canvas_origin(tutor)
    tutor.mouse.move(left + 500, top + 300)
    with tutor.expect_response(lambda response: response.url.endswith("/files/")) as upload:
        tutor.evaluate(DROP, [heic, "image/heic", left + 500, top + 300])
    stored = tutor.request.get(school.url + upload.value.json()["url"]).body()
    assert stored.startswith(b"\xff\xd8\xff")
    assert tutor.evaluate(QUARTERS, list(stored)) == ["red", "green", "blue", "grey"]
    tutor.evaluate(PASTE, [heic, "image/heic"])
    wait_for_pictures(school, 2)
    with tutor.expect_file_chooser() as chooser:
        tutor.locator("[data-testid=toolbar-image]").check(force=True)
    chooser.value.set_files(PHOTO)
    tutor.mouse.move(left + 300, top + 400)
    tutor.mouse.down()
    tutor.mouse.move(left + 400, top + 500)
    tutor.mouse.up()
    assert len({picture["fileId"] for picture in wait_for_pictures(school, 3)}) == 1


def test_picture_without_its_file_is_named_until_it_arrives(both_pages):
    tutor, student = both_pages
    left, top = canvas_origin(student)
    student.route("**/files/", lambda route: route.abort())
    # No other test may have uploaded the same picture.
    student.evaluate(DROP, [list(make_black_png(61, 43)), "image/png", left + 500, top + 300])
    notice = tutor.get_by_text("Pictures on this page that have not arrived: 1.")
    expect(notice).to_be_visible(timeout=30_000)
    student.unroute("**/files/")
    expect(notice).to_have_count(0, timeout=30_000)
    tutor.wait_for_function(HAS_MARKS)
