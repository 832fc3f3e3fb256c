"""Boards of a series: each lesson's begins empty, or as a copy of the last one's."""

import pytest
from django.core.files.base import ContentFile
from pycrdt import Doc, Map

from apps.classroom import board_log
from apps.classroom.carrying import carry_board
from apps.classroom.lessons import get_lessons
from apps.classroom.models import BoardFile, BoardSnapshot
from apps.lessons.models import Lesson
from apps.lessons.series.previous import find_previous
from apps.lessons.series.scope import split
from tests.builders import make_series

pytestmark = pytest.mark.django_db


@pytest.fixture
def carried(tutor, student, classroom):
    return make_series(tutor, student, board_mode="carried")


def lessons(*series):
    return list(Lesson.objects.filter(series__in=series).in_order())


def draw(lesson, **elements):
    doc = Doc()
    doc.get("elements:1", type=Map).update(
        {name: {"id": name, "type": "rectangle", "x": x} for name, x in elements.items()}
    )
    board_log.append({lesson.session.pk: [doc.get_update()]})


def drawn(lesson):
    doc = board_log.load_document(lesson.session.pk)
    return {name: each["x"] for name, each in doc.get("elements:1", type=Map).to_py().items()}


def carry(lesson):
    return carry_board(lesson.session.pk, get_lessons())


def test_carried_board_begins_as_a_copy_of_the_last_one(carried):
    first, second, third, _fourth = lessons(carried)
    draw(first, a=1)
    assert carry(second)
    draw(second, b=2)
    assert carry(third)
    assert (drawn(first), drawn(second), drawn(third)) == (
        {"a": 1},
        {"a": 1, "b": 2},
        {"a": 1, "b": 2},
    )


def test_lesson_without_a_board_is_passed_over(carried):
    first, _second, third, _fourth = lessons(carried)
    draw(first, a=1)
    assert carry(third)
    assert drawn(third) == {"a": 1}


def test_cancelled_lesson_lends_no_board(carried):
    first, second, third, _fourth = lessons(carried)
    draw(first, a=1)
    draw(second, b=2)
    Lesson.objects.filter(pk=second.pk).update(status="cancelled")
    assert carry(third)
    assert drawn(third) == {"a": 1}


def test_fresh_board_begins_empty(tutor, student, classroom):
    first, second, *_others = lessons(make_series(tutor, student))
    draw(first, a=1)
    assert not carry(second)
    assert not BoardSnapshot.objects.filter(pk=second.session.pk).exists()


def test_board_is_carried_on_where_the_series_was_split(carried):
    first, second, *_others = lessons(carried)
    draw(first, a=1)
    later = split(carried, second.original_starts_at, keep_later=False)
    second.refresh_from_db()
    assert second.series_id == later.pk
    assert find_previous(second) == first
    assert carry(second)


def test_picture_of_a_carried_board_is_served_in_the_later_room_only(api, student, carried):
    first, second, third, _fourth = lessons(carried)
    draw(first, a=1)
    picture = BoardFile.objects.create(
        session=second.session,
        file=ContentFile(b"GIF89a", "x.gif"),
        mime_type="image/gif",
        size=6,
        person="u1",
    )
    carry(second)
    carry(third)

    def status(lesson):
        url = f"/api/classroom/sessions/{lesson.session.uuid}/files/{picture.uuid}/"
        return api(student).get(url).status_code

    assert (status(second), status(third), status(first)) == (200, 200, 404)


def test_tutor_changes_how_boards_begin(api, tutor, student, carried):
    first, second, *_others = lessons(carried)
    draw(first, a=1)
    url = f"/api/lesson-series/{carried.pk}/"
    assert api(student).patch(url, {"board_mode": "fresh"}).status_code == 403
    assert api(tutor).patch(url, {"board_mode": "fresh"}).json()["board_mode"] == "fresh"
    assert not carry(second)
    assert api(tutor).patch(url, {"board_mode": "new"}).status_code == 400
