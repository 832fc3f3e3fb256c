"""The board can be seen without entering the room."""

from pycrdt import Doc, Map

from apps.classroom import board_log
from apps.classroom.models import Attendance


def draw(session_id):
    doc = Doc()
    doc.get("elements:1", type=Map)["a"] = "b"
    board_log.append({session_id: [doc.get_update()]})


def test_board_is_downloaded_without_attendance(browser, tutor, student, lesson):
    url = f"/api/classroom/sessions/{lesson.session.uuid}/board/"
    assert browser(student).get(url).content == b"\0\0"
    draw(lesson.session.pk)
    for person in (tutor, student):
        doc = Doc()
        doc.apply_update(browser(person).get(url).content)
        assert doc.get("elements:1", type=Map).to_py() == {"a": "b"}
        page = browser(person).get(f"/lessons/{lesson.pk}/board/")
        assert page.context["config"]["roomApi"] == url.removesuffix("board/")
    assert not Attendance.objects.exists()


def test_lesson_and_its_record_lead_to_the_board_and_not_to_the_room(browser, student, lesson):
    for path in ("", "record/"):
        page = browser(student).get(f"/lessons/{lesson.pk}/{path}").content.decode()
        assert f'href="/lessons/{lesson.pk}/board/"' in page
        assert f"/lessons/{lesson.pk}/room/" not in page
