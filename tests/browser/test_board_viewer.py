"""The board after a lesson, seen without entering the room."""

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.board import TIMEOUT_MS, draw, wait_for_board, wait_for_elements
from tests.browser.room_school import enter, make_school, open_as

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]
DARK_PIXELS = """canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, index) => index % 4 === 0 && value < 120).length;
}"""


def test_board_is_seen_without_room_camera_sockets_or_attendance(chromium: Browser, kreida):
    school = make_school(kreida.url)
    tutor = open_as(chromium, school.tutor)
    room = enter(tutor, school.room)
    wait_for_board(room)
    draw(room)
    wait_for_elements(school, 1)
    room.close()
    student = open_as(chromium, school.student)
    page = student.new_page()
    sockets, errors = [], []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script("navigator.mediaDevices.getUserMedia = () => { throw Error('camera'); }")
    page.goto(f"{school.url}/lessons/{school.lesson_id}/board/")
    canvas = page.locator("#board canvas")
    expect(canvas).to_have_count(1, timeout=TIMEOUT_MS)
    assert canvas.evaluate(DARK_PIXELS) > 100
    assert (sockets, errors) == ([], [])
    url = f"{school.url}/api/classroom/sessions/{school.session_uuid}/attendance/"
    headers = {"Authorization": f"Bearer {school.tutor.token}"}
    people = [row["person"]["role"] for row in httpx.get(url, headers=headers).json()["results"]]
    assert people == ["tutor"]
    for context in (tutor, student):
        context.close()
