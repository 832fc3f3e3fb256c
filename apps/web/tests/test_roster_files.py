"""Roster files of many formats are read, and ambiguous ones invite nobody."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from apps.classrooms.invitations import MAX_PER_TUTOR, invitations_left
from apps.classrooms.models import Membership
from apps.classrooms.services import invite_to_classroom
from apps.common.models import DailyLimit
from apps.web.roster import RosterError, read_roster
from apps.web.students import escape_formula, students_csv, unescape_formula
from apps.web.tests.test_students import confirm, upload
from conftest import make_classroom, make_user

PREVIEW = "/students/import/preview/"


def read_rows(text: str, encoding: str = "utf-8"):
    return read_roster(text.encode(encoding)).rows


def invited_emails(classroom):
    found = Membership.objects.filter(classroom=classroom, status="invited")
    return sorted(found.values_list("invited_email", flat=True))


@pytest.mark.parametrize(
    "text",
    [
        '"Учень, клас, школа";Пошта\nОлена;o@x.example\n',
        '"а;б;в",Пошта\n"Коваль; Олена",o@x.example\n',
        "Список, 2026, 7-А\nУчень;Пошта\nОлена;o@x.example\n",
        "Учень, клас;Пошта\nКоваль, Олена;o@x.example\n",
        "Учень\tПошта, основна, перша\nОлена\to@x.example\n",
        "Учень|Пошта\nОлена|o@x.example\n",
        'Учень,Пошта\n"Коваль; Олена; 7-А",o@x.example\n',
    ],
)
def test_delimiter_is_detected_outside_quotes(text):
    [row] = read_rows(text)
    assert (row.email, row.error) == ("o@x.example", "")
    assert "Олена" in row.name or "Коваль" in row.name or row.name == ""


@pytest.mark.parametrize(
    "first", ["sep=;", "sep=\t", "sep=\\t", "SEP=,", '"sep=;"', "sep=|", "sep=^"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_declared_in_the_first_line_is_used(first, end):
    mark = {"t": "\t"}.get(first.strip('"')[-1], first.strip('"')[-1])
    lines = [first, mark.join(["Учень", "Пошта"]), mark.join(["Олена, 7; А", "o@x.example"])]
    if mark in ",;":
        lines[2] = mark.join(["Олена", "o@x.example"])
    [row] = read_rows(end.join(lines))
    assert (row.email, row.line, row.error) == ("o@x.example", 3, "")
    assert row.name.startswith("Олена")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('Учень;Пошта\nІван;i@x.example\n"Олена;o@x.example\nЮрій;y@x.example\n', 3),
        ('Учень;Пошта\n"Олена;o@x.example\nЮрій;y@x.example\n"Іван";i@x.example\n', 2),
        ('Учень;Пошта\nІван;i@x.example\n"Олена;o@x.example', 3),
        ('Учень;Пошта\n"Олена;o@x.example\nІван;"";\nЮрій;y@x.example\n', 2),
        ('"Учень;Пошта\n' + "Олена;o@x.example\n" * 9000, 1),
    ],
)
def test_open_quote_is_refused_with_its_line(text, line):
    with pytest.raises(RosterError, match=f"line {line} "):
        read_rows(text)


def test_quotes_in_cells_and_newlines_in_quotes_are_read():
    text = 'Учень;Пошта\nОлена "Лялька" Коваль;o@x.example\n"Іван\nФранко";i@x.example\n'
    text += '"Юрій ""Юрко"" Лис";y@x.example\n'
    rows = read_rows(text)
    assert [(r.line, r.email, r.error) for r in rows] == [
        (2, "o@x.example", ""),
        (3, "i@x.example", ""),
        (5, "y@x.example", ""),
    ]
    assert rows[2].name == 'Юрій "Юрко" Лис'


@pytest.mark.parametrize("position", [23, 33, 45])
def test_invalid_byte_is_replaced_in_a_utf_8_file(position):
    data = "Учень;Пошта\nОлена Коваль;o@x.example\nЮрій Лис;y@x.example\n".encode()
    roster = read_roster(data[:position] + b"\xe9" + data[position:])
    assert roster.charset == "utf-8"
    assert "0xE9" in " ".join(roster.notes)
    assert [row.line for row in roster.rows] == [2, 3]
    assert roster.rows[1].name == "Юрій Лис"


def test_invalid_byte_in_an_email_invites_nobody_else():
    data = "Учень;Пошта\nОлена;o@x.example\nЮрій Лис;y@x.example\n".encode()
    [row, other] = read_roster(data.replace(b"o@x", b"o\xff@x")).rows
    assert row.error
    assert (other.email, other.name) == ("y@x.example", "Юрій Лис")


UKRAINIAN = "Прізвище;Ім'я;Пошта\nЇжакевич;Ґалина;i@x.example\nКОВАЛЬ;ЄВГЕН;k@x.example\n"
POLISH = "Name;E-mail\nWałęsa Łukasz;w@x.example\nŻółkiewska Świętosława;z@x.example\n"
CZECH = "Name;E-mail\nJiří Dvořák;j@x.example\nBožena Němcová;b@x.example\n"
WESTERN = "Name;E-mail\nHélène Lefèvre;h@x.example\nJørgen Núñez;j@x.example\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (UKRAINIAN, "cp1251"),
        (UKRAINIAN, "koi8-u"),
        (UKRAINIAN, "mac-cyrillic"),
        (UKRAINIAN, "cp1125"),
        (UKRAINIAN, "utf-16"),
        (UKRAINIAN, "utf-16-le"),
        (UKRAINIAN, "utf-16-be"),
        ("\ufeff\ufeff" + UKRAINIAN, "utf-8"),
        ("\ufeff" + UKRAINIAN, "utf-16-be"),
        (POLISH, "cp1250"),
        (CZECH, "cp1250"),
        (WESTERN, "cp1252"),
        ("Name;E-mail\nMüller, Zoë;m@x.example\n", "cp1252"),
        ("учень;пошта\nковаль олена;k@x.example\n", "cp1251"),
        ("УЧЕНЬ;ПОШТА\nКОВАЛЬ ОЛЕНА;K@X.EXAMPLE\n", "koi8-u"),
        ("Учень;Пошта\nЮр’єва “Вікторія”;v@x.example\n", "cp1251"),
    ],
)
def test_encoding_of_names_is_detected(text, encoding):
    shown = " ".join(row.name for row in read_rows(text, encoding))
    expected = text.strip("\ufeff").split("\n")[1:-1]
    assert shown.split() == " ".join(" ".join(x.split(";")[:-1]) for x in expected).split()


def test_encoding_is_shown_and_can_be_chosen(browser, tutor, classroom):
    client = browser(tutor)
    text = "Name;E-mail\nŻółć;z@x.example\n"  # too short to detect
    page = upload(client, text.encode("cp1250"), classroom=classroom.pk)
    assert "selected>Windows-1251</option>" in page.content.decode()
    page = client.get(PREVIEW, {"charset": "cp1250"})
    assert "Żółć" in page.content.decode()
    assert "selected>Windows-1250</option>" in page.content.decode()
    chosen = {"id": page.context["id"], "charset": "cp1250"}
    client.post("/students/import/confirm/", chosen)
    assert invited_emails(classroom) == ["z@x.example"]


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-8", "rot13", "\0", "cp1252"])
def test_wrong_encoding_can_be_changed_back(charset, browser, tutor, classroom):
    client = browser(tutor)
    upload(client, UKRAINIAN.encode("cp1251"), classroom=classroom.pk)
    response = client.get(PREVIEW, {"charset": charset, "column": "99999999999"})
    assert response.status_code in (200, 400)
    assert "Windows-1251</option>" in response.content.decode()
    assert "Їжакевич" in client.get(PREVIEW, {"charset": "cp1251"}).content.decode()


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


@given(st.text(alphabet="=+-@'; \t\r\n＝aЯ", max_size=12))
def test_escaped_cell_is_unescaped_to_the_original(cell):
    assert unescape_formula(escape_formula(cell)) == cell


@pytest.mark.parametrize(
    "head",
    [
        "Мама;Пошта",
        "Parent contact;Student",
        "ParentEmail;Email",
        "mother_email;email",
        "Бабуся;E-mail",
        "Father's e-mail;Child e-mail",
        "Контакт;Пошта учня",
    ],
)
def test_student_column_is_detected_by_its_heading(head):
    [row] = read_rows(f"{head}\nmum@x.example;child@x.example\n")
    assert row.email == "child@x.example"


@pytest.mark.parametrize(
    "head", ["Учень;Мама", "Name;ParentEmail", "Учень;Тато (пошта)", "X;Бабуся"]
)
def test_file_with_only_guardian_columns_is_refused(head):
    with pytest.raises(
        RosterError, match=head.split(";")[1].replace("(", r"\(").replace(")", r"\)")
    ):
        read_rows(f"{head}\nОлена;mum@x.example\n")


def test_title_row_does_not_hide_a_guardian_heading():
    text = "Список 7-А;;\nУчень;Пошта мами;Пошта\nОлена;mum@x.example;child@x.example\n"
    assert [row.email for row in read_rows(text)] == ["child@x.example"]


@pytest.mark.parametrize(
    "text",
    [
        "Олена;mum@x.example;child@x.example\n",
        "Учень;Email 1;Email 2\nОлена;mum@x.example;child@x.example\n",
        "Учень;Контакт;Пошта\nОлена;mum@x.example;child@x.example\n",
        "Учень;Контакт\nОлена;mum@x.example\n",
        "Хто;Кому писати\nОлена;mum@x.example\n",
        "Учень;;\nОлена;mum@x.example;child@x.example\n",
    ],
    ids=["no headings", "two e-mails", "unknown beside", "unknown", "all unknown", "empty"],
)
def test_ambiguous_column_has_to_be_chosen(text, browser, tutor, classroom):
    client = browser(tutor)
    page = upload(client, text.encode(), classroom=classroom.pk)
    assert "mum@x.example" in page.content.decode()
    assert "Invite 1 student" not in page.content.decode()
    assert confirm(client, page).url == PREVIEW
    assert invited_emails(classroom) == []


def test_chosen_column_is_invited(browser, tutor, classroom):
    client = browser(tutor)
    text = "Учень;Email 1;Email 2\nОлена;mum@x.example;child@x.example\n"
    upload(client, text.encode(), classroom=classroom.pk)
    page = client.get(PREVIEW, {"column": "2"})
    assert "Invite 1 student" in page.content.decode()
    client.post("/students/import/confirm/", {"id": page.context["id"], "column": "2"})
    assert invited_emails(classroom) == ["child@x.example"]


def test_preview_shows_remaining_invitations_of_the_day(browser, tutor, classroom):
    now = timezone.now()
    for _ in range(MAX_PER_TUTOR - 2):
        assert DailyLimit.use(f"invitations:tutor:{tutor.pk}", MAX_PER_TUTOR, now)
    client = browser(tutor)
    data = "\n".join(["email", *(f"{letter}@x.example" for letter in "dcba")]).encode()
    page = upload(client, data, classroom=classroom.pk)
    assert "You can invite 2 more people today" in page.content.decode()
    confirm(client, page)
    assert invited_emails(classroom) == ["c@x.example", "d@x.example"]
    shown = client.get(f"/classrooms/{classroom.pk}/").content.decode()
    assert "2 students were invited." in shown
    assert "2 students are not invited yet" in shown
    page = upload(client, data, classroom=classroom.pk)
    assert "You have sent all invitations of this day" in page.content.decode()
    assert invitations_left(tutor, now + timedelta(days=2)) == MAX_PER_TUTOR


def test_declined_members_are_not_invited_again(browser, tutor, classroom):
    membership = invite_to_classroom(classroom=classroom, email="no@x.example")
    membership.status = Membership.Status.DECLINED
    membership.save()
    client = browser(tutor)
    page = upload(client, b"no@x.example\nyes@x.example\n", classroom=classroom.pk)
    assert "Has declined or left." in page.content.decode()
    confirm(client, page)
    assert invited_emails(classroom) == ["yes@x.example"]


def test_export_escapes_formulas_and_keeps_the_columns(tutor):
    make_classroom(tutor, make_user("student", "a;=1", "b"))
    rows = list(csv.reader(io.StringIO(export_csv(tutor).lstrip("\ufeff"))))
    assert rows[1][:2] == ["b", "a;'=1"]


def test_new_classroom_needs_a_visible_name(browser, tutor):
    file = SimpleUploadedFile("roster.csv", b"email\na@school.example\n")
    page = browser(tutor).post("/students/import/", {"file": file, "name": "\u200b\u2060"})
    assert page.status_code == 400
    assert "Write a name that can be read." in page.content.decode()


def test_file_is_asked_for_again_when_another_field_is_refused(browser, tutor):
    """A browser sends the form back without it, and the second try would fail."""
    file = SimpleUploadedFile("a.csv", b"e-mail\nanna@x.example\n", content_type="text/csv")
    page = browser(tutor).post("/students/import/", {"file": file, "name": ""}).content.decode()
    assert "Choose the file once more" in page
