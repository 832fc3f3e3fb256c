import re
from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone, translation

from apps.common.zones import zone_label
from apps.lessons.models import Lesson, LessonChange, LessonSeries
from apps.web.shared.rule_words import describe_rule
from tests.builders import make_lesson, make_membership, make_series, make_user

WEEK = timedelta(days=7)
LOCAL = datetime.fromisoformat("2027-03-01T17:00")  # wall-clock time


@pytest.fixture
def series(tutor, student, classroom) -> LessonSeries:
    day = timezone.localdate() + timedelta(days=3)
    return make_series(tutor, student, starts_at=datetime.combine(day, time(18)))


def lessons_of(series):
    return list(Lesson.objects.filter(series=series).in_order())


@pytest.mark.parametrize("reader", ["tutor", "student"])
def test_page_of_a_series_lists_its_lessons(reader, request, browser, series):
    page = browser(request.getfixturevalue(reader)).get(f"/series/{series.pk}/").content.decode()
    assert "Every week" in page
    for lesson in lessons_of(series):
        assert f'href="/lessons/{lesson.pk}/"' in page


def test_page_of_a_series_is_closed_to_strangers(browser, series, stranger):
    assert browser(stranger).get(f"/series/{series.pk}/").status_code == 403


def test_only_the_tutor_is_offered_to_end_a_series(browser, series, student):
    assert "action=cancel" not in browser(student).get(f"/series/{series.pk}/").content.decode()


def test_change_is_listed_before_it_is_made_and_can_be_undone(browser, tutor, series):
    client = browser(tutor)
    lesson = lessons_of(series)[1]
    start = lesson.starts_at + timedelta(hours=2)
    values = {
        "action": "update",
        "scope": "following",
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(hours=1)).isoformat(),
    }
    before = [one.starts_at for one in lessons_of(series)]
    page = client.get(f"/lessons/{lesson.pk}/changes/", values).content.decode()
    assert "Change 3 lessons" in page
    assert [one.starts_at for one in lessons_of(series)] == before

    client.post(f"/lessons/{lesson.pk}/changes/", values)
    moved = Lesson.objects.filter(tutor=tutor).in_order().values_list("starts_at", flat=True)
    assert list(moved) == [before[0], *(one + timedelta(hours=2) for one in before[1:])]

    change = LessonChange.objects.get()
    page = client.get(f"/lessons/{lesson.pk}/").content.decode()
    assert f'action="/lesson-changes/{change.pk}/undo/"' in page
    client.post(f"/lesson-changes/{change.pk}/undo/")
    restored = Lesson.objects.filter(tutor=tutor).in_order().values_list("starts_at", flat=True)
    assert list(restored) == before


def test_series_is_ended_from_its_page(browser, tutor, series):
    client = browser(tutor)
    lesson = lessons_of(series)[0]
    client.post(f"/lessons/{lesson.pk}/changes/", {"action": "cancel", "scope": "following"})
    assert {one.status for one in lessons_of(series)} == {Lesson.Status.CANCELLED}


def test_board_of_a_series_is_chosen_on_its_page(browser, tutor, student, series):
    response = browser(tutor).post(f"/series/{series.pk}/board/", {"board_mode": "carried"})
    assert response.url == f"/series/{series.pk}/"
    series.refresh_from_db()
    assert series.board_mode == "carried"
    page = browser(student).post(f"/series/{series.pk}/board/", {"board_mode": "fresh"})
    assert page.status_code == 403


def test_series_starts_again_by_a_new_rule_and_can_be_undone(browser, tutor, series):
    client, path = browser(tutor), f"/series/{series.pk}/restart/"
    form = client.get(path).content.decode()
    second = lessons_of(series)[1]
    day = tutor.to_local_time(second.starts_at)
    assert 'value="18:00"' in form
    data = {
        "date": f"{day:%Y-%m-%d}",
        "time": "18:30",
        "minutes": "60",
        "repeat": "two-weeks",
        "ends": "count",
        "count": "2",
        "board_mode": "fresh",
    }
    page = client.post(path, data).content.decode()
    assert "Schedule 2 lessons" in page  # the lessons to be replaced are in no way
    shown = re.search(r'name="shown" value="([^"]*)"', page)[1]
    response = client.post(path, {**data, "shown": shown, "save": "1"})
    new = LessonSeries.objects.exclude(pk=series.pk).get()
    assert response.url == f"/series/{new.pk}/"
    assert new.lessons.count() == 2
    cancelled = [one.is_cancelled for one in lessons_of(series)]
    assert cancelled == [False, True, True, True]
    client.post(f"/lesson-changes/{LessonChange.objects.get().pk}/undo/")
    assert not any(one.is_cancelled for one in lessons_of(series))


@pytest.mark.parametrize("action", ["add", "remove"])
def test_student_of_a_series_joins_or_leaves_as_many_lessons_as_chosen(
    action, browser, tutor, series, classroom
):
    client, lesson = browser(tutor), lessons_of(series)[1]
    other = make_user("student", first_name="Olha", last_name="Bila")
    make_membership(classroom, other)
    if action == "remove":
        for one in lessons_of(series):
            one.participants.create(student=other)
        path, sent = f"/lessons/{lesson.pk}/students/{other.pk}/", {"remove": "1"}
    else:
        path, sent = f"/lessons/{lesson.pk}/students/", {"student": other.pk}
    response = client.post(path, sent)
    assert response.url.startswith(f"/lessons/{lesson.pk}/changes/?action={action}_student&scope=")
    page = client.get(response.url.replace("scope=this", "scope=following")).content.decode()
    assert "Olha Bila" in page
    assert "Change 3 lessons" in page
    values = {"action": f"{action}_student", "scope": "following", "student_id": other.pk}
    client.post(f"/lessons/{lesson.pk}/changes/", values)
    attends = [other in one.attending_students for one in lessons_of(series)]
    assert attends == ([False, True, True, True] if action == "add" else [True] + [False] * 3)


def test_clash_is_listed_again_after_a_change_was_refused(browser, tutor, student, series):
    lesson = lessons_of(series)[0]
    start = lesson.starts_at + timedelta(hours=3)
    make_lesson(tutor, student, start)
    ends = start + timedelta(hours=1)
    values = {"action": "update", "scope": "all", "starts_at": start.isoformat()}
    values["ends_at"] = ends.isoformat()
    page = browser(tutor).post(f"/lessons/{lesson.pk}/changes/", values)
    assert page.status_code == 409
    assert 'class="clash"' in page.content.decode()
    assert "allow_overlap" in page.content.decode()


def test_form_of_a_lesson_asks_how_many_lessons_change(browser, tutor, series):
    client = browser(tutor)
    lesson = lessons_of(series)[0]
    path = f"/lessons/{lesson.pk}/edit/"
    assert 'value="following"' in client.get(path).content.decode()
    local = tutor.to_local_time(lesson.starts_at)
    sent = {"date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}", "minutes": "60"}
    response = client.post(path, {**sent, "title": "Logic", "scope": "all"})
    assert response.url.startswith(f"/lessons/{lesson.pk}/changes/?action=update&scope=all")
    assert "Change 4 lessons" in client.get(response.url).content.decode()


def test_cancelling_asks_how_many_lessons_are_cancelled(browser, tutor, series):
    lesson = lessons_of(series)[1]
    sent = {"scope": "following", "reason": "Holidays"}
    response = browser(tutor).post(f"/lessons/{lesson.pk}/cancel/", sent)
    assert "action=cancel&scope=following&reason=Holidays" in response.url
    assert not Lesson.objects.filter(status=Lesson.Status.CANCELLED).exists()


def test_cancelled_lesson_can_be_restored(browser, tutor, series):
    client = browser(tutor)
    lesson = lessons_of(series)[0]
    client.post(f"/lessons/{lesson.pk}/cancel/", {"reason": ""})
    client.post(f"/lesson-changes/{LessonChange.objects.get().pk}/undo/")
    lesson.refresh_from_db()
    assert lesson.status == Lesson.Status.SCHEDULED


def test_changes_of_another_tutors_lesson_are_forbidden(browser, other_tutor, series):
    path = f"/lessons/{lessons_of(series)[0].pk}/changes/?action=cancel&scope=all"
    assert browser(other_tutor).get(path).status_code == 403


@pytest.mark.parametrize(
    ("rrule", "words"),
    [
        ("FREQ=WEEKLY", "every week"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,MO", "every 2 weeks: Monday, Thursday"),
        ("FREQ=DAILY;INTERVAL=3", "every 3 days"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "every month: day 31"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "every month: the last Friday of the month"),
        ("FREQ=MONTHLY;BYDAY=2TU", "every month: the second Tuesday of the month"),
        (
            "FREQ=MONTHLY;BYDAY=3FR,1FR,-2SU",
            "every month: the first Friday of the month, the third Friday of the month, "
            "the second-last Sunday of the month",
        ),
    ],
)
def test_rule_is_described_in_words(rrule, words):
    assert describe_rule(rrule) == words


@pytest.mark.parametrize(
    ("rrule", "words"),
    [
        ("FREQ=MONTHLY;BYDAY=2FR", "щомісяця: друга п’ятниця місяця"),
        ("FREQ=MONTHLY;BYDAY=2MO", "щомісяця: другий понеділок місяця"),
        ("FREQ=MONTHLY;BYDAY=-1WE", "щомісяця: остання середа місяця"),
    ],
)
def test_rule_is_described_in_ukrainian(rrule, words):
    with translation.override("uk"):
        assert describe_rule(rrule) == words


def start_again(client, series, **changes):
    """Open the form of a new rule and send it as it is shown, but for `changes`."""
    path = f"/series/{series.pk}/restart/"
    data = {**form_fields(client.get(path)), **changes}
    page = client.post(path, data)
    shown = re.search(r'name="shown" value="([^"]*)"', page.content.decode())[1]
    client.post(path, {**data, "shown": shown, "save": "1"})
    return LessonSeries.objects.exclude(pk=series.pk).get()


def form_fields(page):
    form = page.context["form"]
    fields = {name: form[name].value() for name in form.fields if form[name].value()}
    return {"student": [one.pk for one in page.context["students"]], **fields}


@pytest.mark.parametrize(
    ("rrule", "kept"),
    [
        ("FREQ=MONTHLY;BYDAY=2FR", "FREQ=MONTHLY;COUNT=2;BYDAY=2FR"),
        ("FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,TH", "FREQ=WEEKLY;INTERVAL=3;COUNT=2;BYDAY=MO,TH"),
        ("FREQ=DAILY;INTERVAL=10", "FREQ=DAILY;INTERVAL=10;COUNT=2"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "FREQ=WEEKLY;INTERVAL=2;COUNT=2;BYDAY=MO"),
    ],
)
def test_rule_is_kept_by_a_new_series(rrule, kept, browser, tutor, student, classroom):
    day = timezone.localdate() + timedelta(days=3)
    start = datetime.combine(day, time(18))
    series = make_series(tutor, student, starts_at=start, rrule=f"{rrule};COUNT=9")
    new = start_again(browser(tutor), series, title="Sets", ends="count", count="2")
    assert (new.title, new.rrule) == ("Sets", kept)


def test_series_moved_by_days_asks_for_a_new_rule(browser, tutor, student, classroom):
    day = timezone.localdate() + timedelta(days=3)
    start = datetime.combine(day, time(18))
    series = make_series(tutor, student, starts_at=start, rrule="FREQ=MONTHLY;BYDAY=2FR;COUNT=3")
    LessonSeries.objects.filter(pk=series.pk).update(day_shift=1)
    page = browser(tutor).get(f"/series/{series.pk}/restart/")
    assert (
        "The present rule is “every month: the second Friday of the month”."
        in page.content.decode()
    )
    assert "Choose how the new series repeats." in page.content.decode()
    assert "repeat" in page.context["form"].errors


def test_time_of_a_series_names_its_zone_to_a_reader_of_another(browser, tutor, student, series):
    student.timezone = "America/Toronto"
    student.save()
    path = f"/series/{series.pk}/"
    assert f"18:00 ({zone_label(series.timezone)})" in browser(student).get(path).content.decode()
    tutor.timezone = series.timezone
    tutor.save()
    assert "18:00 (" not in browser(tutor).get(path).content.decode()


def test_students_card_lists_current_series(browser, tutor, student, series):
    page = browser(tutor).get(f"/students/{student.pk}/").content.decode()
    assert f'href="/series/{series.pk}/"' in page
    Lesson.objects.filter(series=series).update(status=Lesson.Status.CANCELLED)
    page = browser(tutor).get(f"/students/{student.pk}/").content.decode()
    assert f'href="/series/{series.pk}/"' not in page


def test_lesson_and_series_tell_a_coming_change_of_local_time(browser, tutor, student, classroom):
    student.timezone = "America/Toronto"
    student.save()
    rule = {"starts_at": LOCAL, "timezone": "UTC", "rrule": "FREQ=WEEKLY;COUNT=8"}
    lesson = lessons_of(make_series(tutor, student, **rule))[0]
    for path in (f"/lessons/{lesson.pk}/", f"/series/{lesson.series_id}/"):
        page = browser(student).get(path).content.decode()
        assert "From 15 March your lesson is at 13:00 instead of 12:00." in page


@pytest.mark.parametrize(
    "bad",
    [
        {"action": "add_student", "student_id": str(10**30)},
        {"action": "remove_student", "student_id": str(10**30)},
        {
            "action": "update",
            "starts_at": "0001-01-01T00:00:00Z",
            "ends_at": "0001-01-01T01:00:00Z",
        },
        {
            "action": "update",
            "starts_at": "9999-12-31T22:00:00Z",
            "ends_at": "9999-12-31T23:00:00Z",
        },
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_change_out_of_range_is_refused(browser, tutor, series, bad, method):
    client = browser(tutor)
    tutor.timezone = "America/Toronto"
    tutor.save()
    lesson = lessons_of(series)[1]
    answer = getattr(client, method)(f"/lessons/{lesson.pk}/changes/", {"scope": "all", **bad})
    assert answer.status_code == 400
