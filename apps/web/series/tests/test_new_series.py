import re
from datetime import UTC, date, datetime, timedelta

import pytest

from apps.lessons.models import Lesson, LessonSeries
from apps.lessons.series.holidays import add_holiday
from tests.builders import HOUR, make_lesson

FIRST = datetime(2026, 10, 19, 14, tzinfo=UTC)  # 17:00 in Kyiv
WEEK = timedelta(days=7)


def form_data(*students, **changes):
    fields = {
        "student": [student.pk for student in students],
        "title": "Sets",
        "date": "2026-10-19",
        "time": "17:00",
        "minutes": "60",
        "repeat": "weekly",
        "ends": "count",
        "count": "3",
        "board_mode": "fresh",
    }
    return {**fields, **changes}


def shown(page):
    return re.search(r'name="shown" value="([^"]*)"', page.content.decode())[1]


def check_and_save(client, data):
    page = client.post("/series/new/", data)
    return client.post("/series/new/", {**data, "shown": shown(page), "save": "1"})


def test_dates_are_shown_before_anything_is_saved(browser, tutor, student, classroom):
    page = browser(tutor).post("/series/new/", form_data(student)).content.decode()
    assert "Schedule 3 lessons" in page
    assert not Lesson.objects.exists()


def test_series_keeps_its_local_time_across_a_clock_change(browser, tutor, student, classroom):
    response = check_and_save(browser(tutor), form_data(student))
    assert response.url == "/calendar/?date=2026-10-19"
    starts = list(Lesson.objects.in_order().values_list("starts_at", flat=True))
    assert starts == [FIRST, FIRST + WEEK + HOUR, FIRST + 2 * WEEK + HOUR]


def test_changed_form_is_not_saved_before_its_dates_are_seen(browser, tutor, student, classroom):
    client = browser(tutor)
    page = client.post("/series/new/", form_data(student))
    changed = form_data(student, count="4", shown=shown(page), save="1")
    assert "Schedule 4 lessons" in client.post("/series/new/", changed).content.decode()
    assert not Lesson.objects.exists()


def test_clash_is_skipped_unless_the_tutor_decides_otherwise(browser, tutor, student, classroom):
    make_lesson(tutor, student, FIRST)
    page = browser(tutor).post("/series/new/", form_data(student)).content.decode()
    assert "You already have a lesson with" in page
    assert "Schedule 2 lessons" in page


@pytest.mark.parametrize(
    ("choice", "starts"),
    [
        ({"choice-2026-10-19": "skip"}, [FIRST + WEEK + HOUR]),
        ({"choice-2026-10-19": "allow"}, [FIRST, FIRST + WEEK + HOUR]),
        (
            {
                "choice-2026-10-19": "move",
                "move-date-2026-10-19": "2026-10-20",
                "move-time-2026-10-19": "10:00",
            },
            [datetime(2026, 10, 20, 7, tzinfo=UTC), FIRST + WEEK + HOUR],
        ),
    ],
)
def test_clash_is_resolved_by_date(choice, starts, browser, tutor, student, classroom):
    make_lesson(tutor, student, FIRST)
    check_and_save(browser(tutor), form_data(student, count="2", **choice))
    made = Lesson.objects.exclude(series=None).in_order()
    assert list(made.values_list("starts_at", flat=True)) == starts


def test_dates_that_are_all_taken_can_be_scheduled_anyway(browser, tutor, student, classroom):
    make_lesson(tutor, student, FIRST)
    data = form_data(student, count="1")
    page = browser(tutor).post("/series/new/", data).content.decode()
    assert "disabled" not in page.partition('id="dates"')[2]
    check_and_save(browser(tutor), {**data, "choice-2026-10-19": "allow"})
    assert LessonSeries.objects.get().lessons.count() == 1


def test_moved_date_without_a_time_is_not_saved(browser, tutor, student, classroom):
    data = form_data(student, **{"choice-2026-10-19": "move", "move-date-2026-10-19": ""})
    page = check_and_save(browser(tutor), data).content.decode()
    assert "Choose a date and a time." in page
    assert not Lesson.objects.exists()


def test_series_of_a_stranger_is_forbidden(browser, tutor, stranger, classroom):
    assert browser(tutor).post("/series/new/", form_data(stranger)).status_code == 403


def test_series_without_students_leads_to_their_choice(browser, tutor):
    assert browser(tutor).get("/series/new/").url == "/lessons/new/"


def test_form_of_a_lesson_leads_to_the_dates_of_a_series(browser, tutor, student, classroom):
    client = browser(tutor)
    sent = {"student": student.pk, "date": "2026-10-19", "time": "17:00", "minutes": "45"}
    response = client.post("/lessons/new/", {**sent, "title": "Sets", "repeat": "two-weeks"})
    page = client.get(response.url).content.decode()
    assert 'value="2026-10-19"' in page
    assert '<option value="two-weeks" selected>' in page
    assert 'name="shown"' in page
    assert not Lesson.objects.exists()


def test_end_of_the_last_series_is_proposed_for_the_next(browser, tutor, student, classroom):
    client = browser(tutor)
    check_and_save(client, form_data(student, ends="until", until="2026-12-24"))
    page = client.get(f"/series/new/?student={student.pk}").content.decode()
    assert 'name="until" value="2026-12-24"' in page


def test_missing_last_date_is_named_at_its_field(browser, tutor, student, classroom):
    page = browser(tutor).post("/series/new/", form_data(student, ends="until", until=""))
    assert page.status_code == 400
    assert 'id="id_until_error"' in page.content.decode()


def test_durations_are_in_the_language_of_the_reader(browser, tutor, student, classroom):
    page = browser(tutor, "uk").get(f"/series/new/?student={student.pk}").content.decode()
    assert "1 година" in page


def test_single_lesson_becomes_the_first_of_a_series(browser, tutor, student, classroom):
    client, lesson = browser(tutor), make_lesson(tutor, student, FIRST)
    response = check_and_save(client, form_data(student, lesson=lesson.pk))
    lesson.refresh_from_db()
    series = LessonSeries.objects.get()
    assert (lesson.series, series.lessons.count()) == (series, 3)
    assert response.url == f"/series/{series.pk}/"


def test_holidays_are_left_out_and_named(browser, tutor, student, classroom):
    days = date(2026, 10, 26), date(2026, 11, 1)
    add_holiday(tutor=tutor, name="Autumn", first_date=days[0], last_date=days[1])
    page = browser(tutor).post("/series/new/", form_data(student)).content.decode()
    assert "Schedule 2 lessons" in page
    assert "without lessons: 26 October." in page


def test_form_sent_twice_makes_one_series(browser, tutor, student, classroom):
    client = browser(tutor)
    data = form_data(student, once="a-nonce")
    page = client.post("/series/new/", data)
    for _ in range(2):
        client.post("/series/new/", {**data, "shown": shown(page), "save": "1"})
    assert LessonSeries.objects.count() == 1


def test_form_with_a_moved_date_sent_twice_makes_one_series(browser, tutor, student, classroom):
    """The moved lesson is in the way of itself."""
    moved = {
        "choice-2026-10-26": "move",
        "move-date-2026-10-26": "2026-10-27",
        "move-time-2026-10-26": "10:00",
    }
    client, data = browser(tutor), form_data(student, once="a-nonce", **moved)
    sent = {**data, "shown": shown(client.post("/series/new/", data)), "save": "1"}
    answers = [client.post("/series/new/", sent) for _ in range(2)]
    assert [answer.url for answer in answers] == ["/calendar/?date=2026-10-19"] * 2
    assert (LessonSeries.objects.count(), Lesson.objects.count()) == (1, 3)


def test_form_of_a_repeated_lesson_sent_twice_leads_to_its_series(
    browser, tutor, student, classroom
):
    client, lesson = browser(tutor), make_lesson(tutor, student, FIRST)
    data = {**form_data(student, once="a-nonce"), "lesson": lesson.pk}
    sent = {**data, "shown": shown(client.post("/series/new/", data)), "save": "1"}
    answers = [client.post("/series/new/", sent) for _ in range(2)]
    series = LessonSeries.objects.get()
    assert [answer.url for answer in answers] == [f"/series/{series.pk}/"] * 2
    assert Lesson.objects.count() == 3


def test_new_series_is_undone_by_its_message(browser, tutor, student, classroom):
    client, lesson = browser(tutor), make_lesson(tutor, student, FIRST)
    check_and_save(client, form_data(student, lesson=lesson.pk))
    page = client.get("/calendar/").content.decode()
    path = re.search(r'action="(/lesson-changes/[^"]+)"', page)[1]
    assert client.post(path).url == f"/lessons/{lesson.pk}/"
    assert list(Lesson.objects.values_list("pk", "series")) == [(lesson.pk, None)]
    assert not LessonSeries.objects.exists()


def test_form_sent_again_with_another_choice_is_not_taken_for_the_same(
    browser, tutor, student, classroom
):
    """Back in the browser, the tutor schedules the date that was skipped before."""
    make_lesson(tutor, student, FIRST)
    client, data = browser(tutor), form_data(student, count="2", once="a-nonce")
    check_and_save(client, {**data, "choice-2026-10-19": "skip"})
    series = LessonSeries.objects.get()
    Lesson.objects.filter(series=series).update(status="cancelled")
    check_and_save(client, {**data, "choice-2026-10-19": "allow"})
    assert LessonSeries.objects.exclude(pk=series.pk).get().lessons.count() == 2


def test_dates_are_shown_beside_a_limit_that_they_exceed(browser, tutor, student, classroom):
    day = datetime.now(UTC).date() + timedelta(days=30)
    first = {"date": day.isoformat(), "time": "00:30", "minutes": "420", "count": "1"}
    check_and_save(browser(tutor), form_data(student, **first))
    second = form_data(student, **{**first, "time": "12:30"})
    page = browser(tutor).post("/series/new/", second)
    assert page.status_code == 400
    assert "At most 12 hours of lessons a day" in page.content.decode()
    assert 'id="dates"' in page.content.decode()
    skipped = {**second, "count": "2", f"choice-{day}": "skip"}
    check_and_save(browser(tutor), skipped)
    assert Lesson.objects.count() == 2


@pytest.mark.parametrize("day", ["0001-01-01", "1800-01-01", "2500-01-01", "9999-12-31"])
@pytest.mark.parametrize("ends", ["count", "never"])
def test_first_date_out_of_range_is_refused(browser, tutor, student, classroom, day, ends):
    page = browser(tutor).post("/series/new/", form_data(student, date=day, ends=ends))
    assert page.status_code == 400
    assert not Lesson.objects.exists()
