"""Concurrent changes of a lesson: `If-Match` and expected times."""

import pytest

from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_classroom, make_user

pytestmark = pytest.mark.django_db
LATER = {
    "starts_at": (NOON + HOUR).isoformat(),
    "ends_at": (NOON + 2 * HOUR).isoformat(),
}


@pytest.fixture
def url(lesson):
    return f"/api/lessons/{lesson.pk}/"


def test_stale_version_is_refused(api, tutor, url):
    client = api(tutor)
    seen = client.get(url)["ETag"]
    assert client.patch(url, {"title": "Theirs"}, headers={"If-Match": seen}).status_code == 200
    response = client.patch(url, {"title": "Mine"}, headers={"If-Match": seen})
    assert (response.status_code, response.json()["error"]) == (412, "precondition_failed")
    assert set(response.json()) == {"error", "detail"}
    assert Lesson.objects.get().title == "Theirs"


def test_current_version_is_accepted_and_the_next_returned(api, tutor, url):
    client = api(tutor)
    for title in ("One", "Two", "Two"):
        seen = client.get(url)["ETag"]
        response = client.patch(url, {"title": title}, headers={"If-Match": seen})
        assert response.status_code == 200
        assert response["ETag"] == client.get(url)["ETag"]


@pytest.mark.parametrize("header", ["*", '"other", W/{seen}', "{seen}"])
def test_if_match_with_the_current_version_is_accepted(api, tutor, url, header):
    client = api(tutor)
    header = header.replace("{seen}", client.get(url)["ETag"])
    assert client.patch(url, {"title": "x"}, headers={"If-Match": header}).status_code == 200


@pytest.mark.parametrize("header", ['"other"', "not quoted", '"', "", "ʼ"])
def test_if_match_without_the_current_version_is_refused(api, tutor, url, header):
    response = api(tutor).patch(url, {"title": "x"}, headers={"If-Match": header})
    assert response.status_code == 412


def test_student_who_joins_or_attends_is_not_in_the_way_of_an_edit(api, tutor, url, lesson):
    client, classmate = api(tutor), make_user("student")
    make_classroom(tutor, classmate)
    seen = client.get(url)["ETag"]
    assert client.post(f"{url}students/", {"student_id": classmate.pk}).status_code == 200
    attended = {"status": "attended"}
    assert client.patch(f"{url}students/{classmate.pk}/", attended).status_code == 200
    response = client.patch(url, {"title": "Sets"}, headers={"If-Match": seen})
    assert response.status_code == 200
    assert len(response.json()["students"]) == 2


def test_last_write_without_if_match_wins(api, tutor, url):
    for title in ("One", "Two"):
        assert api(tutor).patch(url, {"title": title}).status_code == 200
    assert Lesson.objects.get().title == "Two"


@pytest.mark.parametrize("field", ["expected_starts_at", "expected_ends_at"])
def test_move_with_outdated_expected_time_is_refused(api, tutor, url, field):
    client = api(tutor)
    seen = client.get(url).json()[field.removeprefix("expected_")]
    assert client.patch(url, {**LATER, field: seen}).status_code == 200
    back = {"starts_at": NOON.isoformat(), "ends_at": (NOON + HOUR / 2).isoformat()}
    response = client.patch(url, {**back, field: seen})
    assert (response.status_code, response.json()["error"]) == (412, "precondition_failed")
    assert Lesson.objects.get().starts_at == NOON + HOUR


def test_rename_keeps_a_concurrent_move(api, tutor, url):
    client = api(tutor)
    client.patch(url, LATER)
    assert client.patch(url, {"title": "Sets"}).json()["starts_at"] == "2026-03-02T13:00:00Z"


def test_second_cancellation_is_refused_and_sends_no_mail(
    api, tutor, url, settings, mailoutbox, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "memory://"
    with django_capture_on_commit_callbacks(execute=True):
        responses = [api(tutor).post(f"{url}cancel/").status_code for _ in range(2)]
    assert responses == [200, 409]
    assert len(mailoutbox) == 1
