import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.classrooms.models import Classroom, Membership
from apps.web.roster import RosterError, read_roster
from apps.web.students import escape_formula
from conftest import HOUR, make_classroom, make_lesson, make_user


def upload(client, data, **fields):
    file = SimpleUploadedFile("roster.csv", data, "text/csv")
    return client.post("/students/import/", {"file": file, **fields}, follow=True)


def confirm(client, page):
    return client.post("/students/import/confirm/", {"id": page.context["id"]})


def test_search_is_in_the_url_and_case_insensitive_in_any_script(browser, tutor, classroom):
    page = browser(tutor).get("/students/?q=КОВАЛЬ+олена").content.decode()
    assert "Олена Коваль" in page
    assert 'value="КОВАЛЬ олена"' in page


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
    from django.utils import timezone

    now = timezone.now()
    past = make_lesson(tutor, student, now - 3 * HOUR)
    upcoming = make_lesson(tutor, student, now + 3 * HOUR)
    make_lesson(tutor, student, now + HOUR, status="cancelled")
    page = browser(tutor).get("/students/").content.decode()
    assert f"/lessons/{past.pk}/" in page
    assert f"/lessons/{upcoming.pk}/" in page
    assert page.count('href="/lessons/') == 3


def test_longest_lesson_is_next_until_its_last_minute(browser, tutor, student, classroom):
    from django.utils import timezone

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


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\tx", "\rx"])
def test_each_formula_start_is_escaped(cell):
    assert escape_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["a;=1", "a\t+1", "a\r\n@x", "＝1", ";-1"])
def test_formula_after_a_separator_in_a_cell_is_escaped(cell):
    for mark in "=+@-＝":
        assert f"'{mark}" in escape_formula(cell) or mark not in cell


@pytest.mark.parametrize(
    "head", ["Пошта мами;Пошта учня", "Parent's email;Student email", "Email (mother);E-mail"]
)
def test_student_column_is_invited_and_guardian_column_is_not(head):
    [row] = read_roster(f"{head}\nmum@x.example;child@x.example\n".encode()).rows
    assert row.email == "child@x.example"


def test_file_with_only_guardian_emails_is_refused():
    with pytest.raises(RosterError):
        read_roster("Учень;Пошта мами\nОлена;mum@x.example\n".encode())


def test_cell_with_two_emails_is_an_error():
    [row] = read_roster(b"email\na@x.example b@x.example\n").rows
    assert "two addresses" in row.error


TABLE = "Прізвище;Ім’я;Пошта\r\nКоваль;Олена;Olena@School.example\r\n"


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode("cp1251", errors="replace").replace(b"?", b"'"),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        TABLE.replace(";", ",").encode(),
        TABLE.replace(";", "\t").encode(),
        ("sep=;\r\n" + TABLE).encode(),
        b"\r\n" + TABLE.encode(),
        'Коваль;"Олена";olena@school.example'.encode(),
    ],
    ids=["cp1251", "bom", "utf16", "comma", "tab", "sep", "blank-first", "no-heading"],
)
def test_usual_csv_formats_are_read(data):
    (row,) = read_roster(data).rows
    assert (row.email, row.error) == ("olena@school.example", "")
    assert "Коваль" in row.name


def test_each_invalid_row_shows_its_error():
    rows = read_roster(b"email,name\na@b.example,A\nnope,B\n,C\nA@B.example,D\n").rows
    assert [(r.line, bool(r.error)) for r in rows] == [
        (2, False),
        (3, True),
        (4, True),
        (5, True),
    ]
    assert "line 2" in rows[3].error


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"name\nAnna\n",
        b"PK\x03\x04\x00\x00\xff\xfe",
        b"email\n",
        b"email\n" + b"a@b.c\n" * 1001,
    ],
    ids=["empty", "no e-mail", "xlsx", "heading only", "too long"],
)
def test_invalid_file_is_refused_with_a_message(data):
    with pytest.raises(RosterError):
        read_roster(data)


def test_upload_invites_nobody_before_confirmation(browser, tutor, classroom):
    client = browser(tutor)
    page = upload(client, b"email\nnew@school.example\nbad\n", classroom=classroom.pk)
    assert "This is not an e-mail address." in page.content.decode()
    assert Membership.objects.count() == 1
    response = confirm(client, page)
    assert response.url == f"/classrooms/{classroom.pk}/"
    assert Membership.objects.get(invited_email="new@school.example").status == "invited"


def test_new_classroom_is_created_on_confirmation(browser, tutor):
    client = browser(tutor)
    page = upload(client, b"new@school.example\n", name="Геометрія")
    assert not Classroom.objects.exists()
    confirm(client, page)
    assert Classroom.objects.get().name == "Геометрія"


def test_preview_is_confirmed_once(browser, tutor):
    client = browser(tutor)
    page = upload(client, b"new@school.example\n", name="Геометрія")
    before = dict(client.session)
    confirm(client, page)
    assert confirm(client, page).url == "/students/import/"
    session = client.session
    session.update(before)  # as a simultaneous second click has read it
    session.save()
    assert confirm(client, page).url == "/students/import/"
    assert Classroom.objects.count() == 1


def test_preview_cannot_be_confirmed_in_another_session(browser, tutor, other_tutor, classroom):
    client = browser(tutor)
    page = upload(client, b"new@school.example\n", classroom=classroom.pk)
    upload(client, b"other@school.example\n", classroom=classroom.pk)
    for sender in (client, browser(other_tutor), browser(tutor)):
        assert confirm(sender, page).url == "/students/import/"
    assert Membership.objects.count() == 1


def test_preview_marks_members_and_discloses_no_accounts(browser, tutor, student, classroom):
    data = f"{student.email}\n{tutor.email}\n".encode()
    page = upload(browser(tutor), data, classroom=classroom.pk).content.decode()
    assert "Already in this classroom: active." in page
    assert "This account is not a student&#x27;s." not in page
    assert page.count("is invited") == 1


def test_upload_without_classroom_is_refused(browser, tutor):
    response = upload(browser(tutor), b"a@b.example\n")
    assert response.status_code == 400
    page = response.content.decode()
    assert "Choose a classroom, or name a new one." in page.partition('name="name"')[2]
    assert (page.count("(one of the two)"), page.count("(optional)")) == (2, 0)
