"""Roster files of many formats are read, and doubtful ones are refused."""

import csv
import time

import pytest

from apps.classrooms.roster import csv_table, reader
from apps.classrooms.roster.reader import RosterError, read_roster


def read_rows(text: str, encoding: str = "utf-8"):
    return read_roster(text.encode(encoding)).rows


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


GUARDIANS = [
    "E-mail законного представника учня",
    "Email родини учня",
    "родинна пошта дитини",
    "E-mail відповідального за дитину",
    "E-mail класного керівника учня",
    "куратор учня",
    "пошта вітчима учня",
    "Caregiver email of student",
    "Legal representative of the student",
    "Relative of student",
    "Next of kin (student)",
    "grandma of pupil",
    "Pupil's grandpa e-mail",
    "stepdad",
    "mama",
]
DOUBTFUL = [
    "дорослого учня",
    "Пошта сусіда учня",
    "Childminder",
    "Email of the student's neighbour",
]


@pytest.mark.parametrize("heading", GUARDIANS + DOUBTFUL)
@pytest.mark.parametrize("others", ["E-mail", "Пошта учня", "Контакт"])
def test_column_of_an_adult_is_never_chosen(heading, others):
    roster = read_roster(f"{others};{heading}\nchild@x.example;adult@x.example\n".encode())
    assert roster.column != 1
    assert "adult@x.example" not in roster.valid_emails


@pytest.mark.parametrize("heading", GUARDIANS)
def test_file_with_only_the_column_of_an_adult_is_refused(heading):
    with pytest.raises(RosterError):
        read_rows(f"Учень;{heading}\nОлена;adult@x.example\n")


@pytest.mark.parametrize("heading", DOUBTFUL)
def test_only_column_is_asked_about_if_its_heading_is_doubtful(heading):
    roster = read_roster(f"Прізвище;{heading}\nКоваль;adult@x.example\n".encode())
    assert (roster.column, [choice.title for choice in roster.choices]) == (None, [heading])


@pytest.mark.parametrize(
    "heading",
    [
        *("Пошта учня", "Особиста електронна адреса учениці", "Email учнів 7-А класу"),
        *("Student's e-mail address", "studentemail", "Pupil (school email)", "child_email"),
        *("E-mail of the student", "Список учнів 7-А Пошта", "дитяча пошта", "Students"),
    ],
)
def test_heading_that_names_only_the_student_is_chosen(heading):
    roster = read_roster(f"Контакт;{heading}\nx@x.example;child@x.example\n".encode())
    assert roster.column == 1


def test_title_row_does_not_hide_a_guardian_heading():
    text = "Список 7-А;;\nУчень;Пошта мами;Пошта\nОлена;mum@x.example;child@x.example\n"
    assert [row.email for row in read_rows(text)] == ["child@x.example"]


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
        (4, False),  # a name alone is enough
        (5, True),
    ]
    assert "line 2" in rows[3].error


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x\nAnna\n",
        b"PK\x03\x04\x00\x00\xff\xfe",
        b"email\n",
        b"email\n" + b"a@b.c\n" * 1001,
    ],
    ids=["empty", "no e-mail and no name", "xlsx", "heading only", "too long"],
)
def test_invalid_file_is_refused_with_a_message(data):
    with pytest.raises(RosterError):
        read_roster(data)


@pytest.mark.parametrize(
    "data",
    [
        b"name,email\nA" + "\u0301".encode() * 20_000 + b",a@school.example",
        b"name,email\n" + b"x" * 20_000 + b",a@school.example",
        b"name,email\n" + b"\xe0\xf1" * 60_000 + b",a@school.example",
        b"name,email," + b"n," * 400_000 + b"\nA,a@school.example",
    ],
    ids=["marks", "letters", "single-byte encoding", "columns"],
)
def test_long_cell_or_wide_row_is_read_in_bounded_time(data):
    started = time.process_time()
    roster = read_roster(data)
    assert roster.valid_emails == ["a@school.example"]
    assert time.process_time() - started < 2


def test_file_with_far_too_many_rows_is_refused_before_its_columns_are_looked_for():
    with pytest.raises(RosterError, match="At most 1000 rows"):
        read_roster(b"n,e\n" + b"a,b\n" * 100_000)


def test_shown_cells_have_no_direction_or_control_characters():
    text = "Учень;Пошта\n\u202eКов\u2069аль 👩\u200d🏫\x07;\u202en\x07ope\n"
    [row] = read_rows(text)
    assert (row.name, row.email) == ("Коваль 👩\u200d🏫", "n ope")
    assert row.error


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "text",
    [
        '"\n' * 240_000,
        'email\r"a"\r' * 10_001,
        'a@x.example\n"' + "\n" * 10_001 + '"',
        "\r\n" * 10_001 + "a@x.example",
        ";;\n" * 10_001 + "a@x.example",
    ],
)
def test_file_with_far_too_many_lines_is_refused_before_it_is_parsed(text, encoding, monkeypatch):
    monkeypatch.setattr(reader, "decode", None)
    with pytest.raises(RosterError, match="At most 1000 rows"):
        read_roster(text.encode(encoding))


@pytest.mark.parametrize("blank", ["\n", ";;\r\n", "\t\r", ", ,\n"])
def test_blank_rows_at_the_end_are_no_rows(blank):
    [row] = read_rows("email\na@x.example\n" + blank * 20_000)
    assert row.email == "a@x.example"


def count_parsed(monkeypatch):
    """Count the lines that csv parses."""
    counts = []

    class CountingCsv:
        Error = csv.Error

        @staticmethod
        def reader(lines, **options):
            counts.append(len(lines))
            return csv.reader(lines, **options)

    monkeypatch.setattr(csv_table, "csv", CountingCsv)
    return counts


@pytest.mark.parametrize(
    "text",
    [
        '"\n' * 9_999,
        '"a\nb";c\n' * 4_999,
        '"' * 900_000,
        '"' * 90_000 + '\n"' * 9_000,
        "a," * 400_000,
    ],
)
def test_each_line_is_parsed_a_few_times(text, monkeypatch):
    counts = count_parsed(monkeypatch)
    with pytest.raises(RosterError):
        read_rows(text)
    assert sum(counts) <= 2 * (text.count("\n") + 2) + 4 * 50


@pytest.mark.parametrize(
    "cell",
    [
        *("Олена Коваль <o@x.example>", "<o@x.example>", "mailto:o@x.example"),
        *("MAILTO:o@x.example?subject=Hi", "Олена <mailto:o@x.example>"),
    ],
)
def test_address_is_read_from_the_forms_of_address_books(cell):
    [row] = read_rows(f"Учень;Пошта\nОлена;{cell}\n")
    assert (row.email, row.error) == ("o@x.example", "")


@pytest.mark.parametrize(
    "heading",
    [
        *("E-Mail der Erziehungsberechtigten", "E-mail opiekuna", "Почта опекуна"),
        *("Почта родителя", "Почта законного представителя", "Email du responsable"),
    ],
)
def test_guardian_is_recognised_in_other_languages(heading):
    [row] = read_rows(f"{heading};Почта ученика\nmum@x.example;child@x.example\n")
    assert row.email == "child@x.example"
    with pytest.raises(RosterError):
        read_rows(f"Учень;{heading}\nОлена;mum@x.example\n")


def test_name_that_looks_like_an_address_is_a_name():
    [row] = read_rows("Прізвище;Ім’я;Пошта\nКоваль@home;Олена;o@x.example\n")
    assert (row.email, row.name) == ("o@x.example", "Коваль@home Олена")
