"""Forms that stay open while something changes, and clock times that come twice."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from apps.lessons.models import Lesson
from conftest import HOUR, NOON, make_lesson

DOUBLED = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 03:30 in Kyiv, an hour before it comes again
MAIN = re.compile(r"<main.*</main>", re.S)


def filled(page, **changes):
    """What a browser would send of the form on the page, with some fields typed over."""
    html = MAIN.search(page.content.decode())[0]
    sent = {}
    for tag in re.findall(r"<input[^>]*>", html):
        name, value = (re.search(rf' {n}="([^"]*)"', tag) for n in ("name", "value"))
        if name and 'type="checkbox"' not in tag:
            sent[name[1]] = unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select[^>]* name="(\w+)".*?>(.*?)</select>', html, re.S):
        chosen = re.search(r'value="([^"]*)"[^>]* selected', options)
        first = re.search(r'value="([^"]*)"', options)
        sent[name] = (chosen or first)[1]
    return {**sent, **changes}


@pytest.fixture
def edit(browser, tutor):
    """Opens the form of a lesson in a tab; the answer sends it with changes."""
    client = browser(tutor)

    def opened(lesson):
        url = f"/lessons/{lesson.pk}/edit/"
        page = client.get(url)
        return lambda **changes: client.post(url, filled(page, **changes))

    return opened


ODD = [
    (DOUBLED, HOUR),
    (DOUBLED + HOUR, HOUR),
    (NOON + timedelta(seconds=30), HOUR),
    (NOON + timedelta(microseconds=7), timedelta(minutes=55, seconds=30)),
    (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), HOUR),  # over the hour that is skipped
]


@pytest.mark.parametrize(("starts_at", "length"), ODD)
def test_new_title_keeps_the_instant_and_sends_no_mail(
    starts_at,
    length,
    edit,
    tutor,
    student,
    settings,
    mailoutbox,
    django_capture_on_commit_callbacks,
):
    settings.EMAIL_URL = "memory://"
    lesson = make_lesson(tutor, student, starts_at, length)
    with django_capture_on_commit_callbacks(execute=True):
        assert edit(lesson)(title="Sets").status_code == 302
    lesson.refresh_from_db()
    assert (lesson.title, lesson.starts_at) == ("Sets", starts_at)
    assert lesson.ends_at == starts_at + length
    assert mailoutbox == []


@pytest.mark.parametrize(("starts_at", "length"), ODD)
def test_client_without_the_hidden_fields_moves_nothing_by_a_title(
    starts_at, length, browser, tutor, student
):
    lesson = make_lesson(tutor, student, starts_at, length)
    local = tutor.local(starts_at)
    sent = {
        "title": "Sets",
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M}",
        "minutes": str(length // timedelta(minutes=1)),
    }
    assert browser(tutor).post(f"/lessons/{lesson.pk}/edit/", sent).status_code == 302
    lesson.refresh_from_db()
    assert (lesson.title, lesson.starts_at, lesson.ends_at) == (
        "Sets",
        starts_at,
        starts_at + length,
    )


def test_new_length_keeps_the_start(edit, tutor, student):
    lesson = make_lesson(tutor, student, DOUBLED + HOUR)
    edit(lesson)(minutes="90")
    lesson.refresh_from_db()
    assert lesson.starts_at == DOUBLED + HOUR
    assert lesson.ends_at == DOUBLED + 2.5 * HOUR


def test_new_start_keeps_the_exact_length(edit, tutor, student):
    length = timedelta(minutes=55, seconds=30)
    lesson = make_lesson(tutor, student, length=length)
    edit(lesson)(time="16:00")
    lesson.refresh_from_db()
    assert (lesson.starts_at, lesson.ends_at - lesson.starts_at) == (NOON + 2 * HOUR, length)


@pytest.mark.parametrize("fold", [0, 1])
def test_doubled_hour_can_be_chosen(browser, tutor, student, classroom, fold):
    client = browser(tutor)
    page = client.get(f"/lessons/new/?student={student.pk}&date=2026-10-25&time=03:30")
    assert "data-comes-twice>" in page.content.decode()
    client.post("/lessons/new/", filled(page, fold=str(fold)))
    assert Lesson.objects.get().starts_at == DOUBLED + fold * HOUR


def test_doubled_hour_is_the_first_by_default(browser, tutor, student, classroom):
    sent = {"student": student.pk, "date": "2026-10-25", "time": "03:30", "minutes": "60"}
    browser(tutor).post("/lessons/new/", sent)
    assert Lesson.objects.get().starts_at == DOUBLED


def test_lesson_moves_from_the_first_to_the_second(edit, tutor, student):
    lesson = make_lesson(tutor, student, DOUBLED)
    edit(lesson)(fold="1")
    lesson.refresh_from_db()
    assert lesson.starts_at == DOUBLED + HOUR


def test_ordinary_time_is_not_asked_which(browser, tutor, lesson):
    page = browser(tutor).get(f"/lessons/{lesson.pk}/edit/").content.decode()
    assert "data-comes-twice hidden>" in page


def test_pages_say_which_of_two_equal_times(browser, tutor, student):
    lesson = make_lesson(tutor, student, DOUBLED)
    for page in (f"/lessons/{lesson.pk}/", f"/lessons/{lesson.pk}/record/"):
        html = browser(tutor).get(page).content.decode()
        assert "03:30 (UTC+3)–03:30 (UTC+2)" in html


def test_refusal_says_which_of_two_equal_times(api, tutor, student):
    make_lesson(tutor, student, DOUBLED)
    times = {"starts_at": DOUBLED.isoformat(), "ends_at": (DOUBLED + HOUR).isoformat()}
    answer = api(tutor).post("/api/lessons/", {"student_id": student.pk, **times})
    assert "2026-10-25 03:30 (UTC+3)–03:30 (UTC+2) (Europe/Kyiv)" in answer.json()["detail"]


def test_different_fields_of_two_tabs_are_both_saved(edit, lesson):
    first, second = edit(lesson), edit(lesson)
    assert first(title="Sets").status_code == 302
    assert second(time="16:00").status_code == 302
    lesson.refresh_from_db()
    assert (lesson.title, lesson.starts_at) == ("Sets", NOON + 2 * HOUR)


def test_same_field_of_two_tabs_shows_both_before_it_is_overwritten(browser, tutor, lesson):
    client, url = browser(tutor), f"/lessons/{lesson.pk}/edit/"
    page = client.get(url)
    client.post(url, filled(page, title="Theirs"))
    answer = client.post(url, filled(page, title="Mine"))
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Theirs" in html
    assert 'value="Mine"' in html
    lesson.refresh_from_db()
    assert lesson.title == "Theirs"
    assert client.post(url, filled(answer)).status_code == 302
    lesson.refresh_from_db()
    assert lesson.title == "Mine"


def test_date_and_time_of_two_tabs_are_not_mixed(edit, lesson):
    first, second = edit(lesson), edit(lesson)
    first(date="2026-03-09")
    answer = second(time="16:00")
    assert answer.status_code == 409
    assert "2026-03-09" in answer.content.decode()
    lesson.refresh_from_db()
    assert lesson.starts_at == NOON + 7 * 24 * HOUR


def test_same_change_in_two_tabs_is_no_conflict(edit, lesson):
    first, second = edit(lesson), edit(lesson)
    assert [tab(title="Sets").status_code for tab in (first, second)] == [302, 302]


def test_settings_of_two_tabs_are_both_saved(browser, tutor):
    client = browser(tutor)
    page = client.get("/settings/")
    client.post("/settings/", filled(page, last_name="Шевченко"))
    client.post("/settings/", filled(page, timezone="Asia/Tokyo"))
    tutor.refresh_from_db()
    assert (tutor.last_name, tutor.timezone) == ("Шевченко", "Asia/Tokyo")
    assert "шевченко" in tutor.search_text


@pytest.mark.parametrize(
    ("field", "theirs", "mine", "shown"),
    [("last_name", "A", "B", "A"), ("timezone", "Asia/Tokyo", "Asia/Seoul", "Asia/Tokyo")],
)
def test_same_setting_of_two_tabs_is_shown(browser, tutor, field, theirs, mine, shown):
    client = browser(tutor)
    page = client.get("/settings/")
    client.post("/settings/", filled(page, **{field: theirs}))
    answer = client.post("/settings/", filled(page, **{field: mine}))
    assert answer.status_code == 409
    assert f"Meanwhile this became: {shown}." in answer.content.decode()
    tutor.refresh_from_db()
    assert getattr(tutor, field) == theirs
    client.post("/settings/", filled(answer))
    tutor.refresh_from_db()
    assert getattr(tutor, field) == mine


def test_language_chosen_meanwhile_stays(browser, tutor):
    client = browser(tutor)
    page = client.get("/settings/")
    client.post("/language/", {"language": "uk"})
    client.post("/settings/", filled(page, last_name="B"))
    tutor.refresh_from_db()
    assert (tutor.locale, tutor.last_name) == ("uk", "B")


def test_name_of_a_classroom_in_two_tabs_is_shown(browser, tutor, classroom):
    client, url = browser(tutor), f"/classrooms/{classroom.pk}/"
    base = {"initial-name": classroom.name}
    client.post(url, {**base, "name": "Theirs"})
    answer = client.post(url, {**base, "name": "Mine"})
    assert answer.status_code == 409
    assert "Meanwhile this became: Theirs." in answer.content.decode()
    classroom.refresh_from_db()
    assert classroom.name == "Theirs"


def test_lesson_ended_in_another_tab_is_told(edit, lesson):
    sent = edit(lesson)
    Lesson.objects.update(status="completed")
    answer = sent(title="Mine")
    assert answer.url == f"/lessons/{lesson.pk}/"
