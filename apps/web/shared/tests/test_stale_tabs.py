"""Forms submitted after their data changed in another tab, and ambiguous local times."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from apps.classrooms.models import StudentCard
from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_lesson, make_placeholder, without_year

AMBIGUOUS = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 03:30 in Kyiv, for the first time
MAIN = re.compile(r"<main.*</main>", re.S)


def form_data(page, **changes):
    """The fields that a browser would submit from the form on the page, with some changed."""
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
def open_edit_form(browser, tutor):
    """Opens a lesson's form, and returns a function that submits it with changes."""
    client = browser(tutor)

    def open_form(lesson):
        url = f"/lessons/{lesson.pk}/edit/"
        page = client.get(url)
        return lambda **changes: client.post(url, form_data(page, **changes))

    return open_form


UNUSUAL_TIMES = [
    (AMBIGUOUS, HOUR),
    (AMBIGUOUS + HOUR, HOUR),
    (NOON + timedelta(seconds=30), HOUR),
    (NOON + timedelta(microseconds=7), timedelta(minutes=55, seconds=30)),
    (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), HOUR),  # spans the skipped hour
]


@pytest.mark.parametrize(("starts_at", "length"), UNUSUAL_TIMES)
def test_new_title_keeps_the_instant_and_sends_no_mail(
    starts_at,
    length,
    open_edit_form,
    tutor,
    student,
    settings,
    mailoutbox,
    django_capture_on_commit_callbacks,
):
    settings.EMAIL_URL = "memory://"
    lesson = make_lesson(tutor, student, starts_at, length)
    with django_capture_on_commit_callbacks(execute=True):
        assert open_edit_form(lesson)(title="Sets").status_code == 302
    lesson.refresh_from_db()
    assert (lesson.title, lesson.starts_at) == ("Sets", starts_at)
    assert lesson.ends_at == starts_at + length
    assert mailoutbox == []


@pytest.mark.parametrize(("starts_at", "length"), UNUSUAL_TIMES)
def test_title_from_client_without_hidden_fields_keeps_the_time(
    starts_at, length, browser, tutor, student
):
    lesson = make_lesson(tutor, student, starts_at, length)
    local = tutor.to_local_time(starts_at)
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


def test_new_duration_keeps_the_start(open_edit_form, tutor, student):
    lesson = make_lesson(tutor, student, AMBIGUOUS + HOUR)
    open_edit_form(lesson)(minutes="90")
    lesson.refresh_from_db()
    assert lesson.starts_at == AMBIGUOUS + HOUR
    assert lesson.ends_at == AMBIGUOUS + 2.5 * HOUR


def test_new_start_keeps_the_exact_duration(open_edit_form, tutor, student):
    length = timedelta(minutes=55, seconds=30)
    lesson = make_lesson(tutor, student, length=length)
    open_edit_form(lesson)(time="16:00")
    lesson.refresh_from_db()
    assert (lesson.starts_at, lesson.ends_at - lesson.starts_at) == (NOON + 2 * HOUR, length)


@pytest.mark.parametrize("fold", [0, 1])
def test_second_ambiguous_time_can_be_chosen(browser, tutor, student, classroom, fold):
    client = browser(tutor)
    page = client.get(f"/lessons/new/?student={student.pk}&date=2026-10-25&time=03:30")
    assert "data-ambiguous-time>" in page.content.decode()
    client.post("/lessons/new/", form_data(page, fold=str(fold)))
    assert Lesson.objects.get().starts_at == AMBIGUOUS + fold * HOUR


def test_choice_of_an_ambiguous_time_names_no_length(browser, tutor, student, classroom):
    """On Lord Howe Island the second time comes half an hour later, at Troll two hours."""
    tutor.timezone = "Australia/Lord_Howe"
    tutor.save()
    client = browser(tutor)
    page = client.get(f"/lessons/new/?student={student.pk}&date=2026-04-05&time=01:45")
    options = re.search(r'<select name="fold".*?</select>', page.content.decode(), re.S)[0]
    assert "second time" in options
    assert "hour" not in options
    client.post("/lessons/new/", form_data(page, fold="1"))
    assert Lesson.objects.get().starts_at == datetime(2026, 4, 4, 15, 15, tzinfo=UTC)


def test_ambiguous_time_is_the_first_by_default(browser, tutor, student, classroom):
    sent = {"student": student.pk, "date": "2026-10-25", "time": "03:30", "minutes": "60"}
    browser(tutor).post("/lessons/new/", sent)
    assert Lesson.objects.get().starts_at == AMBIGUOUS


def test_lesson_moves_from_first_to_second_ambiguous_time(open_edit_form, tutor, student):
    lesson = make_lesson(tutor, student, AMBIGUOUS)
    open_edit_form(lesson)(fold="1")
    lesson.refresh_from_db()
    assert lesson.starts_at == AMBIGUOUS + HOUR


def test_unambiguous_time_shows_no_choice(browser, tutor, lesson):
    page = browser(tutor).get(f"/lessons/{lesson.pk}/edit/").content.decode()
    assert "data-ambiguous-time hidden>" in page


def test_pages_show_the_offset_of_ambiguous_times(browser, tutor, student):
    lesson = make_lesson(tutor, student, AMBIGUOUS)
    for page in (f"/lessons/{lesson.pk}/", f"/lessons/{lesson.pk}/record/"):
        html = browser(tutor).get(page).content.decode()
        assert "03:30 (UTC+3)–03:30 (UTC+2)" in html


def test_conflict_detail_has_the_offset_of_ambiguous_times(api, tutor, student):
    make_lesson(tutor, student, AMBIGUOUS)
    times = {"starts_at": AMBIGUOUS.isoformat(), "ends_at": (AMBIGUOUS + HOUR).isoformat()}
    response = api(tutor).post("/api/lessons/", {"student_id": student.pk, **times})
    detail = without_year(response.json()["detail"])
    assert "Sunday, 25 October, 03:30 (UTC+3)–03:30 (UTC+2) (Kyiv)" in detail


def test_different_fields_changed_in_two_tabs_are_both_saved(open_edit_form, lesson):
    first, second = open_edit_form(lesson), open_edit_form(lesson)
    assert first(title="Sets").status_code == 302
    assert second(time="16:00").status_code == 302
    lesson.refresh_from_db()
    assert (lesson.title, lesson.starts_at) == ("Sets", NOON + 2 * HOUR)


def test_same_field_changed_in_two_tabs_is_shown_before_overwriting(browser, tutor, lesson):
    client, url = browser(tutor), f"/lessons/{lesson.pk}/edit/"
    page = client.get(url)
    client.post(url, form_data(page, title="Theirs"))
    response = client.post(url, form_data(page, title="Mine"))
    html = response.content.decode()
    assert response.status_code == 409
    assert "Theirs" in html
    assert 'value="Mine"' in html
    lesson.refresh_from_db()
    assert lesson.title == "Theirs"
    assert client.post(url, form_data(response)).status_code == 302
    lesson.refresh_from_db()
    assert lesson.title == "Mine"


def test_date_and_time_changed_in_two_tabs_are_not_mixed(open_edit_form, lesson):
    first, second = open_edit_form(lesson), open_edit_form(lesson)
    first(date="2026-03-09")
    response = second(time="16:00")
    assert response.status_code == 409
    assert "2026-03-09" in response.content.decode()
    lesson.refresh_from_db()
    assert lesson.starts_at == NOON + 7 * 24 * HOUR


def test_same_change_in_two_tabs_is_no_conflict(open_edit_form, lesson):
    first, second = open_edit_form(lesson), open_edit_form(lesson)
    assert [tab(title="Sets").status_code for tab in (first, second)] == [302, 302]


def test_settings_changed_in_two_tabs_are_both_saved(browser, tutor):
    client = browser(tutor)
    page = client.get("/settings/")
    client.post("/settings/", form_data(page, last_name="Шевченко"))
    client.post("/settings/", form_data(page, timezone="Asia/Tokyo"))
    tutor.refresh_from_db()
    assert (tutor.last_name, tutor.timezone) == ("Шевченко", "Asia/Tokyo")
    assert "шевченко" in tutor.search_text


@pytest.mark.parametrize(
    ("field", "theirs", "mine", "shown"),
    [("last_name", "A", "B", "A"), ("timezone", "Asia/Tokyo", "Asia/Seoul", "Asia/Tokyo")],
)
def test_same_setting_changed_in_two_tabs_is_shown(browser, tutor, field, theirs, mine, shown):
    client = browser(tutor)
    page = client.get("/settings/")
    client.post("/settings/", form_data(page, **{field: theirs}))
    response = client.post("/settings/", form_data(page, **{field: mine}))
    assert response.status_code == 409
    assert f"This has changed in the meantime: {shown}." in response.content.decode()
    tutor.refresh_from_db()
    assert getattr(tutor, field) == theirs
    client.post("/settings/", form_data(response))
    tutor.refresh_from_db()
    assert getattr(tutor, field) == mine


def test_language_changed_in_another_tab_is_kept(browser, tutor):
    client = browser(tutor)
    page = client.get("/settings/")
    client.post("/language/", {"language": "uk"})
    client.post("/settings/", form_data(page, last_name="B"))
    tutor.refresh_from_db()
    assert (tutor.locale, tutor.last_name) == ("uk", "B")


def test_classroom_name_changed_in_two_tabs_is_shown(browser, tutor, classroom):
    client, url = browser(tutor), f"/classrooms/{classroom.pk}/"
    base = {"initial-name": classroom.name}
    client.post(url, {**base, "name": "Theirs"})
    response = client.post(url, {**base, "name": "Mine"})
    assert response.status_code == 409
    assert "This has changed in the meantime: Theirs." in response.content.decode()
    classroom.refresh_from_db()
    assert classroom.name == "Theirs"


@pytest.fixture
def card_form(browser, tutor, student, classroom):
    """The page of a student's card and a function that submits what the page showed, changed."""
    StudentCard.objects.create(tutor=tutor, student=student, phone="1", note="One\nTwo")
    client, url = browser(tutor), f"/students/{student.pk}/edit/"
    shown = client.get(url).context["form"]
    base = {f"initial-{name}": shown.initial[name].replace("\n", "\r\n") for name in shown.fields}
    same = {name: base[f"initial-{name}"] for name in shown.fields}
    assert client.get(url).content.decode().count('name="initial-') == len(shown.fields)
    return lambda **changes: client.post(url, {**base, **same, **changes})


def test_fields_of_a_student_card_changed_in_two_tabs_are_both_saved(card_form):
    assert card_form(phone="2").status_code == 302
    assert card_form(note="Three").status_code == 302
    card = StudentCard.objects.get()
    assert (card.phone, card.note) == ("2", "Three")


def test_note_about_a_student_changed_in_two_tabs_is_shown(card_form):
    card_form(note="Theirs")
    response = card_form(note="Mine")
    assert response.status_code == 409
    assert "This has changed in the meantime: Theirs." in response.content.decode()
    assert StudentCard.objects.get().note == "Theirs"


def test_name_of_a_placeholder_changed_in_two_tabs_is_shown(browser, tutor, classroom):
    student = make_placeholder(classroom)
    client, url = browser(tutor), f"/students/{student.pk}/edit/"
    base = {"initial-first_name": student.first_name}
    client.post(url, {**base, "first_name": "Anna"})
    response = client.post(url, {**base, "first_name": "Hanna"})
    assert response.status_code == 409
    student.refresh_from_db()
    assert student.first_name == "Anna"


def test_lesson_ended_in_another_tab_is_reported(open_edit_form, lesson):
    sent = open_edit_form(lesson)
    Lesson.objects.update(status="completed")
    response = sent(title="Mine")
    assert response.url == f"/lessons/{lesson.pk}/"
