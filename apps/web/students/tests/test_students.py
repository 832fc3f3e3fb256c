import csv
import io
import re

import pytest
from django.core import mail
from django.utils import timezone, translation

from apps.accounts.placeholders import make_student_link
from apps.classrooms.invitations import MAX_PER_ADDRESS
from apps.classrooms.models import StudentCard
from apps.classrooms.queries import list_my_students
from apps.classrooms.roster.invite import import_students
from apps.classrooms.roster.reader import read_roster
from apps.web.students.export import students_csv
from tests.builders import (
    HOUR,
    PASSWORD,
    make_classroom,
    make_lesson,
    make_placeholder,
    make_user,
)


def test_search_is_in_the_url_and_case_insensitive_in_any_script(browser, tutor, classroom):
    page = browser(tutor).get("/students/?q=КОВАЛЬ+олена").content.decode()
    assert "Олена Коваль" in page
    assert 'value="КОВАЛЬ олена"' in page


def test_list_is_shown_although_a_placeholder_was_taken_over_meanwhile(
    browser, tutor, classroom, monkeypatch
):
    made = make_placeholder(classroom, "Бондар")

    def list_then_delete(*given):
        found = list_my_students(*given)
        made.delete()
        return found

    monkeypatch.setattr("apps.lessons.queries.list_my_students", list_then_delete)
    assert "Бондар" in browser(tutor).get("/students/").content.decode()


def test_only_the_tutor_who_added_a_student_reads_the_link(browser, tutor, other_tutor, classroom):
    made = make_placeholder(classroom)
    make_lesson(other_tutor, made)  # as the administrator can make one
    for person, is_shown in ((tutor, True), (other_tutor, False)):
        page = browser(person).get(f"/students/{made.pk}/").content.decode()
        assert ('id="student-link"' in page) == is_shown


def test_fragment_is_only_the_list(browser, tutor, classroom):
    response = browser(tutor).get("/students/?q=олена", headers={"X-Fragment": "1"})
    assert "<html" not in response.content.decode()
    assert "X-Fragment" in response["Vary"]


def test_search_without_result_shows_the_query(browser, tutor, classroom):
    assert "“zzz”" in browser(tutor).get("/students/?q=zzz").content.decode()


def test_hostile_query_is_escaped(browser, tutor, classroom):
    page = browser(tutor).get("/students/", {"q": '"><script>', "page": "-1"}).content.decode()
    assert "<script>" not in page.replace('<script type="module"', "")


def test_list_shows_next_and_last_lesson(browser, tutor, student, classroom):
    now = timezone.now()
    past = make_lesson(tutor, student, now - 3 * HOUR)
    upcoming = make_lesson(tutor, student, now + 3 * HOUR)
    make_lesson(tutor, student, now + HOUR, status="cancelled")
    page = browser(tutor).get("/students/").content.decode()
    assert f"/lessons/{past.pk}/" in page
    assert f"/lessons/{upcoming.pk}/" in page
    assert page.count('href="/lessons/') == 3


def test_longest_lesson_is_next_until_its_last_minute(browser, tutor, student, classroom):
    minute = HOUR / 60
    now = timezone.now()
    lesson = make_lesson(tutor, student, now - 12 * HOUR + minute, length=12 * HOUR)
    page = browser(tutor).get("/students/").content.decode()
    assert f'<dt>Next:</dt><dd><a href="/lessons/{lesson.pk}/">' in page
    assert "no lesson yet" in page
    assert f'href="/lessons/{lesson.pk}/"' in browser(tutor).get("/calendar/").content.decode()


@pytest.mark.parametrize("number", [1, 20])
def test_query_count_does_not_grow_with_students(
    number, browser, tutor, django_assert_max_num_queries
):
    make_classroom(tutor, *[make_user("student") for _ in range(number)])
    client = browser(tutor)
    client.get("/students/")
    with django_assert_max_num_queries(8):
        client.get("/students/")


def test_list_is_paginated(browser, tutor):
    make_classroom(tutor, *[make_user("student") for _ in range(25)])
    page = browser(tutor).get("/students/?page=2").content.decode()
    assert "21–25 of 25" in page
    assert 'rel="next"' not in page


def test_export_escapes_formulas(browser, tutor):
    make_classroom(tutor, make_user("student", "=HYPERLINK(1)", "@x"), name="+1")
    response = browser(tutor).get("/students/export/")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[1][:2] == ["'@x", "'=HYPERLINK(1)"]
    assert rows[1][3] == "'+1"


def test_export_has_all_students(browser, tutor):
    make_classroom(tutor, *[make_user("student") for _ in range(101)])
    response = browser(tutor).get("/students/export/")
    assert b"".join(response.streaming_content).count(b"\r\n") == 102


def export_csv(tutor) -> str:
    return "".join(students_csv(tutor))


@pytest.mark.parametrize("language", ["en", "uk"])
def test_exported_file_is_imported_unchanged(language, db, tutor):
    names = [
        "=HYPERLINK(1)",
        "@x",
        "'=1",
        "+",
        "-Олена",
        "О’Ніл;=1",
        "''-1",
        "D'Arc",
        'A "B" C',
        "'",
    ]
    people = [make_user("student", name, name) for name in names]
    people[0].email = "+tag@x.example"
    people[0].save()
    make_classroom(tutor, *people)
    with translation.override(language):
        rows = read_roster(export_csv(tutor).encode()).rows
    imported = {(row.name, row.email) for row in rows}
    assert imported == {(f"{p.last_name} {p.first_name}", p.email) for p in people}


CONTACTS = {
    "phone": "+380 67 123 45 67",
    "guardian_name": "=Оксана, мама",
    "guardian_phone": "+380 (50) 765-43-21",
    "level": "10-А; =B2",
    "note": 'Готується до НМТ.\nЛюбить геометрію; "дроби" — ні.',
}


@pytest.mark.parametrize("language", ["en", "uk"])
def test_contacts_are_exported_and_imported_unchanged(language, tutor, other_tutor, classroom):
    make_placeholder(classroom, "Бондар", **CONTACTS)
    for kept_by, note in ((tutor, "-1"), (other_tutor, "secret")):
        student = classroom.memberships.exclude(student__email=None).get().student
        StudentCard.objects.create(tutor=kept_by, student=student, note=note)
    with translation.override(language):
        text = export_csv(tutor)
        rows = {row.last_name: row for row in read_roster(text.encode()).rows}
    assert "secret" not in text
    assert {name: row.contacts for name, row in rows.items()} == {
        "Бондар": CONTACTS,
        "Коваль": {"note": "-1"},
    }
    again = make_classroom(other_tutor)
    import_students(classroom=again, rows=[rows["Бондар"]])
    card = StudentCard.objects.get(tutor=other_tutor, student__last_name="Бондар")
    assert {name: getattr(card, name) for name in CONTACTS} == CONTACTS


def test_export_escapes_formulas_and_keeps_the_columns(tutor):
    make_classroom(tutor, make_user("student", "a;=1", "b"))
    rows = list(csv.reader(io.StringIO(export_csv(tutor).lstrip("\ufeff"))))
    assert rows[1][:2] == ["b", "a;'=1"]


def test_form_adds_one_student_however_often_it_is_sent(browser, tutor, classroom):
    client = browser(tutor)
    nonce = client.get("/students/new/").context["form"].initial["once"]
    sent = {"first_name": "Софія", "last_name": "Бондар", "classroom": classroom.pk, "once": nonce}
    first, second = (client.post("/students/new/", sent) for _ in range(2))
    assert first.url == second.url
    assert tutor.placeholders.count() == 1


def test_tutor_without_a_classroom_is_sent_to_make_one(browser, tutor):
    assert browser(tutor).get("/students/new/").url == "/classrooms/"


def test_card_shows_contacts_lessons_and_link(browser, tutor, classroom):
    made = make_placeholder(classroom, phone="+380 67 1", guardian_name="Оксана", note="<b>ЗНО")
    past = make_lesson(tutor, made, timezone.now() - 30 * HOUR, status="completed")
    planned = make_lesson(tutor, made, timezone.now() + 30 * HOUR)
    page = browser(tutor).get(f"/students/{made.pk}/").content.decode()
    for text in ('href="tel:+380671"', "Оксана", "&lt;b&gt;ЗНО", "/students/invitation/"):
        assert text in page
    assert f"/lessons/{past.pk}/board/" in page
    assert f"/lessons/{past.pk}/room/" not in page
    assert f"/lessons/{planned.pk}/" in page


def test_card_of_an_account_has_no_link_and_keeps_the_name(browser, tutor, classroom, student):
    client = browser(tutor)
    assert "/students/invitation/" not in client.get(f"/students/{student.pk}/").content.decode()
    client.post(f"/students/{student.pk}/edit/", {"level": "B2", "first_name": "Інша"})
    student.refresh_from_db()
    assert student.first_name == "Олена"
    assert "B2" in client.get(f"/students/{student.pk}/").content.decode()


def test_link_is_mailed_once_a_day(
    browser, tutor, classroom, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "smtp://localhost"
    made = make_placeholder(classroom, email="sofia@home.example")
    client = browser(tutor)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            client.post(f"/students/{made.pk}/mail/")
    [sent] = mail.outbox
    assert sent.to == ["sofia@home.example"]
    assert "/students/invitation/" in sent.body


def open_student_link(client, placeholder):
    return client.get(make_student_link(placeholder, timezone.now()).url, follow=True)


def test_link_signs_up_as_the_student_without_its_hidden_field(browser, classroom):
    made = make_placeholder(classroom)
    client = browser()
    assert "Софія" in open_student_link(client, made).content.decode()
    names = {"first_name": "Соня", "last_name": "Б", "role": "student"}
    client.post("/accounts/signup/", {**names, "email": "a@b.example", "password1": PASSWORD})
    made.refresh_from_db()
    assert (made.email, made.first_name) == ("a@b.example", "Соня")
    assert open_student_link(client, made).redirect_chain[-1][0] == "/calendar/"
    assert open_student_link(browser(), made).status_code == 400


def test_link_asks_an_account_and_moves_the_lessons(browser, tutor, classroom, stranger):
    made = make_placeholder(classroom)
    lesson = make_lesson(tutor, made)
    client = browser(stranger)
    open_student_link(client, made)
    lesson.refresh_from_db()
    assert lesson.student == made
    client.post("/students/invitation/", {"answer": "accept"})
    lesson.refresh_from_db()
    assert lesson.student == stranger


def test_link_in_uppercase_opens_the_invitation(browser, classroom):
    path = make_student_link(make_placeholder(classroom), timezone.now()).url.split("/", 3)[3]
    path = path.replace("students/invitation", "Students//Invitation")
    page = browser().get(f"/{path}", follow=True)
    assert classroom.tutor.get_full_name() in page.content.decode()


def test_link_is_forgotten_by_who_is_somebody_else(browser, classroom, tutor):
    made = make_placeholder(classroom)
    client = browser()
    open_student_link(client, made)
    client.post("/students/invitation/", {"answer": "decline"})
    assert client.get("/accounts/signup/").context["form"].placeholder is None
    tutor_client = browser(tutor)
    assert open_student_link(tutor_client, made).status_code == 200
    assert tutor_client.post("/students/invitation/", {"answer": "accept"}).status_code == 403


def test_student_with_the_confirmed_address_finds_the_invitation(browser, classroom, stranger):
    made = make_placeholder(classroom, email=stranger.email)
    client = browser(stranger)
    page = client.get("/classrooms/").content.decode()
    assert "/students/invitation/" in page
    stranger.emailaddress_set.update(verified=False)
    assert "/students/invitation/" not in client.get("/classrooms/").content.decode()
    assert made.is_placeholder


# Students whom tutors have added with the reader's address


def offered(client):
    """The tutors whose invitations the calendar shows."""
    page = client.get("/calendar/").content.decode()
    return re.findall(r"<h3>([^<]*)</h3>", page.partition("You are invited")[2])


def test_declined_invitation_is_not_shown_again(browser, student, classroom):
    placeholder = make_placeholder(classroom, email=student.email)
    other = make_placeholder(make_classroom(make_user("tutor", "Ада", "Б")), email=student.email)
    client = browser(student)
    assert len(offered(client)) == 2
    client.get(make_student_link(placeholder, timezone.now()).url)
    client.post("/students/invitation/", {"answer": "decline"})
    assert offered(client) == [other.placeholder_of.get_full_name()]
    placeholder.refresh_from_db()
    assert (placeholder.is_placeholder, placeholder.contact_email) == (True, "")


def test_link_of_another_address_is_not_declined_for_its_owner(browser, student, classroom):
    placeholder = make_placeholder(classroom, email="sofia@home.example")
    client = browser(student)
    client.get(make_student_link(placeholder, timezone.now()).url)
    client.post("/students/invitation/", {"answer": "decline"})
    placeholder.refresh_from_db()
    assert placeholder.contact_email == "sofia@home.example"


def test_one_tutor_shows_one_invitation(browser, student, classroom):
    for _ in range(3):
        make_placeholder(classroom, email=student.email)
    assert offered(browser(student)) == [classroom.tutor.get_full_name()]


def test_address_is_added_for_a_few_students_a_day(browser, student, classroom):
    """Each one is shown to whoever has the address; a tutor may add one without it."""
    fields = {"first_name": "Софія", "classroom": classroom.pk, "email": student.email}
    client = browser(classroom.tutor)
    for _ in range(MAX_PER_ADDRESS):
        assert client.post("/students/new/", fields).status_code == 302
    refused = client.post("/students/new/", fields)
    assert refused.status_code == 400
    assert "This address has been added too often today." in refused.content.decode()
    assert client.post("/students/new/", {**fields, "email": ""}).status_code == 302
    added = classroom.tutor.placeholders.order_by("-pk")[0]
    changed = {"first_name": "Софія", "last_name": "", "email": student.email}
    assert client.post(f"/students/{added.pk}/edit/", changed).status_code == 400
    assert (
        classroom.tutor.placeholders.filter(contact_email=student.email).count() == MAX_PER_ADDRESS
    )


@pytest.mark.parametrize("status", ["left", "removed"])
def test_former_students_address_is_not_shown_or_found(
    api, browser, tutor, student, classroom, lesson, status
):
    members_url = f"/api/classrooms/{classroom.pk}/members/"

    def texts():
        found = [api(tutor).get(members_url), api(tutor).get(f"/api/students/{student.pk}/")]
        for path in ("students", "lessons", "classrooms"):
            pk = {"students": student, "lessons": lesson, "classrooms": classroom}[path].pk
            found.append(browser(tutor).get(f"/{path}/{pk}/"))
        return [student.email in answer.content.decode() for answer in found]

    assert texts() == [True] * 5
    classroom.memberships.update(status=status)
    student.email = "moved@elsewhere.example"
    student.save()
    assert texts() == [False] * 5

    def count(q):
        return api(tutor).get(members_url, {"q": q}).json()["count"]

    assert [count(q) for q in ("коваль", "moved", "elsewhere", "олена example")] == [1, 0, 0, 0]
