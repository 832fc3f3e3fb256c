"""Helpers for browser tests of the board: drawing and reading what is drawn."""

import re
import struct
import time
import zlib
from collections.abc import Callable

from playwright.sync_api import Page, expect
from pycrdt import Doc, Map
from websockets.sync.client import connect

from apps.classroom.realtime.board import yproto
from tests.browser.room_school import School

TIMEOUT_MS = 20_000
# Number of dark pixels on the canvas, before the dark theme inverts them; grid and background are
# light. There is no canvas while the board is loading.
INK = """() => {
  const canvas = document.querySelector('.excalidraw canvas.static');
  if (canvas === null) return 0;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let dark = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at] < 90 && data[at + 3] > 200) dark += 1;
  return dark;
}"""

# Whether any pixel differs from the background.
HAS_MARKS = """() => {
  const canvas = document.querySelector('.excalidraw canvas.static');
  if (canvas === null) return false;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, at) => at % 4 === 0 && Math.abs(value - data[0]) > 9);
}"""
DROP = """([bytes, type, x, y]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], 'picture', { type }));
  document.querySelector('.excalidraw').dispatchEvent(
    new DragEvent('drop', { dataTransfer: data, bubbles: true, clientX: x, clientY: y }));
}"""
PASTE = """([bytes, type]) => {
  document.querySelector('.excalidraw').focus();
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([new Uint8Array(bytes)], 'picture', { type }));
  document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
}"""


def wait_for_board(page: Page) -> None:
    page.locator(".excalidraw canvas.interactive").wait_for(timeout=30000)
    expect(page.locator(".room-unsent")).to_have_text("", timeout=20000)


def select_tool(page: Page, tool: str) -> None:
    """Click until the tool is selected: Excalidraw resets it when it finishes loading."""
    button = page.locator(f"[data-testid=toolbar-{tool}]")
    for _ in range(50):
        if button.is_checked():
            return
        button.click(force=True)
        page.wait_for_timeout(100)
    raise AssertionError(f"{tool} cannot be selected")


def canvas_origin(page: Page) -> tuple[float, float]:
    """Return the top left corner of the canvas in window coordinates."""
    box = page.locator(".excalidraw canvas.interactive").bounding_box()
    return box["x"], box["y"]


def draw(page: Page, down: int = 300) -> None:
    select_tool(page, "freedraw")
    box = page.locator(".excalidraw canvas.interactive").bounding_box()
    left, top = box["x"] + box["width"] / 2, box["y"] + down
    page.mouse.move(left, top)
    page.mouse.down()
    for step in range(30):
        page.mouse.move(left + step * 6, top + step % 5 * 8)
    page.mouse.up()


def count_ink(page: Page) -> int:
    return page.evaluate(INK)


def wait_for_ink(page: Page, more_than: int = 0) -> None:
    page.wait_for_function(f"() => ({INK})() > {more_than}", timeout=15000)


def last_page_elements(school: School) -> list[dict]:
    """Return the elements of the board's last page as stored by the server, in their order."""
    elements = stored_elements(school).values()
    return sorted((e for e in elements if not e["isDeleted"]), key=lambda e: e["index"])


def last_page(doc: Doc) -> str:
    pages = doc.get("pages", type=Map).to_py()
    return max(pages, key=lambda page: pages[page]["order"], default="1")


def stored_elements(school: School) -> dict[str, dict]:
    """Return what the server has stored of the last page by id, deleted elements included."""
    joined = school.request("POST", f"/api/classroom/sessions/{school.session_uuid}/join/", {})
    doc: Doc = Doc()
    with connect(f"{joined['board_url']}?ticket={joined['ticket']}", max_size=None) as socket:
        socket.send(yproto.sync_frame(yproto.STEP1, doc.get_state()))
        step = None
        while step != yproto.STEP2:  # a large board is sent as an update and the step 2 after it
            frame = socket.recv(timeout=20)
            step = frame[1] if frame[0] == yproto.SYNC else None
            if step in (yproto.UPDATE, yproto.STEP2):
                doc.apply_update(yproto.read_sync(frame).payload)
    return doc.get(f"elements:{last_page(doc)}", type=Map).to_py()


def wait_for_elements(school: School, count: int) -> list[dict]:
    """Wait until the server has stored `count` elements of the last page; return them."""
    return _wait_for(school, count, last_page_elements)


def wait_for_pictures(school: School, count: int) -> list[dict]:
    """Wait until `count` pictures of the last page name their files, after their elements came."""
    return _wait_for(
        school, count, lambda of: [each for each in last_page_elements(of) if each.get("fileId")]
    )


def _wait_for(school: School, count: int, find: Callable[[School], list[dict]]) -> list[dict]:
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while len(found := find(school)) != count:
        assert time.monotonic() < deadline, f"{len(found)} elements instead of {count}"
        time.sleep(0.1)
    return found


def decompress_object_streams(pdf: bytes) -> bytes:
    """Append the decompressed object streams, where pdf-lib writes the page objects."""
    whole = pdf
    for stream in re.findall(rb"/ObjStm.*?stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        whole += zlib.decompress(stream)
    return whole


# All letters of "Page 1" are Cyrillic ones here, and the font is not embedded.
CYRILLIC_TIMES = (
    b"/Subtype/Type1/BaseFont/Times-Roman/Encoding<</Differences[32/space 49/afii10017/afii10018 "
    b"80/afii10049 97/afii10065 101/afii10070 103/afii10068]>>"
)

# The Cyrillic П is the letter P of the first; the second names it by its glyph in Windows' Arial.
CYRILLIC_ARIAL = b"/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[80/afii10033]>>"
ARIAL_GLYPHS = (
    b"/Subtype/Type0/BaseFont/ArialMT/Encoding/Identity-H/DescendantFonts[<</Type/Font"
    b"/Subtype/CIDFontType2/BaseFont/ArialMT/CIDToGIDMap/Identity"
    b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
    b"/FontDescriptor<</Type/FontDescriptor/FontName/ArialMT/Flags 32>>>>]"
)
ARIAL_PE = b"<%04x>" % (570 + ord("П") - ord("А"))


def make_pdf(
    pages: int, font: bytes = b"/Subtype/Type1/BaseFont/Helvetica", text: bytes = b"(Page %d)"
) -> bytes:
    """Return a minimal PDF with a line of text on each of its pages."""
    numbers = range(1, pages + 1)
    kids = b" ".join(b"%d 0 R" % (2 + number) for number in numbers)
    font_number = 3 + 2 * pages
    papers = [
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 300]/Resources<</Font<</F %d 0 R>>>>"
        b"/Contents %d 0 R>>" % (font_number, 2 + pages + number)
        for number in numbers
    ]
    lines = [text % number if b"%d" in text else text for number in numbers]
    drawn = [b"BT /F 40 Tf 60 150 Td %s Tj ET" % line for line in lines]
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
        *papers,
        *(b"<</Length %d>>stream\n%s\nendstream" % (len(each), each) for each in drawn),
        b"<</Type/Font%s>>" % font,
    ]
    numbered = (b"%d 0 obj%s\nendobj\n" % (at, body) for at, body in enumerate(objects, 1))
    trailer = b"trailer<</Size %d/Root 1 0 R>>\n%%%%EOF" % (font_number + 1)
    return b"%PDF-1.4\n" + b"".join(numbered) + trailer


def make_black_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = zlib.compress((b"\0" + b"\0\0\0" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def wait_for_dialog_to_close(page: Page) -> None:
    """Wait until the dialog has finished its action and closed."""
    expect(page.locator(".room-dialog")).to_have_count(0, timeout=TIMEOUT_MS)
