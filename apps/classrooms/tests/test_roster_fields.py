"""Tests of roster column detection and of Excel workbooks."""

import io
import zipfile
from datetime import date

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from apps.classrooms.roster import xlsx_sheets, xlsx_table
from apps.classrooms.roster.adults import has_adults_addresses
from apps.classrooms.roster.fields import NAME_FIELDS, Field, find_field, normalise_heading
from apps.classrooms.roster.reader import Choices, RosterError, read_roster


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Прізвище", "last_name"),
        ("Ім’я учня", "first_name"),
        ("По батькові", "middle_name"),
        ("ПІБ", "last_first"),
        ("Прізвище та ім'я", "last_first"),
        ("Ім’я та прізвище", "first_last"),
        ("Учень", "full_name"),
        ("Телефон", "phone"),
        ("Моб. тел.", "phone"),
        ("Телефон мами", "guardian_phone"),
        ("Номер телефону батьків", "guardian_phone"),
        ("Мама", "guardian_name"),
        ("ПІБ батьків", "guardian_name"),
        ("Клас", "level"),
        ("Рівень", "level"),
        ("Примітки", "note"),
        ("First Name", "first_name"),
        ("firstname", "first_name"),
        ("lastname", "last_name"),
        ("student_last_name", "last_name"),
        ("Given Name", "first_name"),
        ("Family Name", "last_name"),
        ("Additional Name", "middle_name"),
        ("Phone 1 - Value", "phone"),
        ("Mobile Phone", "phone"),
        ("parentPhone", "guardian_phone"),
        ("Guardian's name", "guardian_name"),
        ("Grandmother's phone", "guardian_phone"),
        ("Телефон діда", "guardian_phone"),
        ("Тітка", "guardian_name"),
        ("Grade", "level"),
        ("Notes", "note"),
        ("Display name of parent", None),
        ("Phone 1 - Type", None),
        ("Phone 1 - Label", None),
        ("E-mail 1 - Value", None),
        ("Group Membership", None),
        ("Класний керівник", None),
        ("Teacher", None),
        ("Пошта мами", None),
        ("Whatever", None),
    ],
)
def test_heading_has_its_meaning(heading, field):
    assert find_field(heading) == field


def test_surname_that_begins_like_a_heading_is_a_student():
    text = "ПІБ;Контакт\nКоваль Олена;\nТеличко Іван;мама Оксана\n"
    roster = read_roster(text.encode())
    assert [row.name for row in roster.rows] == ["Коваль Олена", "Теличко Іван"]


EXPORTS = {
    "ukrainian": "Прізвище;Ім’я;Пошта учня;Телефон;Мама;Телефон мами;Клас;Примітка\n"
    "Бондар;Софія;s@x.example;067 1234567;Оксана;067 7654321;9;ЗНО\n",
    "google": "Given Name,Additional Name,Family Name,Notes,Group Membership,E-mail 1 - Type,"
    "E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Type,Phone 1 - Value\n"
    "Софія,,Бондар,ЗНО,* myContacts,* Home,s@x.example,,Mobile,067 1234567\n",
    "outlook": "Title,First Name,Last Name,E-mail Address,E-mail Display Name,Mobile Phone,Notes\n"
    ",Софія,Бондар,s@x.example,Софія Бондар (s@x.example),067 1234567,ЗНО\n",
    "moodle": "username,firstname,lastname,email,phone1,cohort1\n"
    "sofia,Софія,Бондар,s@x.example,067 1234567,9a\n",
    "human": "Student,Email,Phone number,Comment\nБондар Софія,s@x.example,067 1234567,ЗНО\n",
    "no headings": "Бондар;Софія;s@x.example;067 1234567\n",
}


@pytest.mark.parametrize("export", EXPORTS)
def test_usual_export_is_read(export):
    [row] = read_roster(EXPORTS[export].encode()).rows
    assert (row.first_name, row.last_name, row.email) == ("Софія", "Бондар", "s@x.example")
    assert row.error == ""


def test_contacts_are_kept():
    [row] = read_roster(EXPORTS["ukrainian"].encode()).rows
    assert row.contacts == {
        "phone": "067 1234567",
        "guardian_name": "Оксана",
        "guardian_phone": "067 7654321",
        "level": "9",
        "note": "ЗНО",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Хто;Куди писати;Щось\nСофія;s@x.example;x\n",
        "E-mail Address\ns@x.example\n",
        "Список 7-А;;\nУчень;Пошта учня\nСофія;s@x.example\n",
        "email;firstname\ns@x.example;Софія\n",
    ],
)
def test_heading_row_is_no_student(text):
    roster = read_roster(text.encode(), Choices(column=0 if text.startswith("e") else None))
    rows = roster.rows or read_roster(text.encode(), Choices(column=1)).rows
    assert [row.email for row in rows] == ["s@x.example"]


def test_guessed_heading_is_mentioned():
    notes = read_roster("Хто;Куди писати\nСофія;s@x.example\n".encode()).notes
    assert "Хто, Куди писати" in notes[0]


def test_file_without_addresses_is_read_by_its_names():
    rows = read_roster("ПІБ;Телефон\nБондар Софія Іванівна;067\n;068\n".encode()).rows
    assert (rows[0].first_name, rows[0].last_name) == ("Софія Іванівна", "Бондар")
    assert [bool(row.error) for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Name;E-mail\nAda Lovelace;a@x.example\n", ("Ada", "Lovelace")),
        ("Name;E-mail\nLovelace, Ada;a@x.example\n", ("Ada", "Lovelace")),
        ("Учень;Пошта\nБондар Софія;a@x.example\n", ("Софія", "Бондар")),
        ("Ім’я та прізвище;Пошта\nСофія Бондар;a@x.example\n", ("Софія", "Бондар")),
        ("Name;Surname;E-mail\nAda;Lovelace;a@x.example\n", ("Ada", "Lovelace")),
        ("Учень;Пошта\nСофія;a@x.example\n", ("Софія", "")),
    ],
)
def test_name_is_split_by_heading_script_and_comma(text, names):
    [row] = read_roster(text.encode()).rows
    assert (row.first_name, row.last_name) == names


def test_chosen_columns_replace_the_detected_ones():
    text = "Учень;Пошта;Інше\nСофія Бондар;s@x.example;067\n"
    fields = {Field.LAST_FIRST: -1, Field.FIRST_LAST: 0, Field.PHONE: 2, Field.NOTE: 99}
    [row] = read_roster(text.encode(), Choices(fields=fields)).rows
    assert (row.first_name, row.last_name) == ("Софія", "Бондар")
    assert row.contacts == {"phone": "067"}


# Excel workbooks


def workbook(*rows, empty_first=False):
    book = Workbook()
    sheet = book.create_sheet() if empty_first else book.active
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


HEAD = ("Прізвище", "Ім’я", "E-mail Address", "Телефон", "Клас", "Примітки")


@pytest.mark.parametrize("empty_first", [False, True])
def test_workbook_is_read(empty_first):
    cells = ("Бондар", "Софія", "s@x.example", 380671234567.0, 9, date(2026, 6, 1))
    data = workbook(("Список",), (), HEAD, cells, empty_first=empty_first)
    roster = read_roster(data)
    [row] = roster.rows
    assert (row.line, row.last_name, row.email) == (4, "Бондар", "s@x.example")
    assert row.contacts == {"phone": "380671234567", "level": "9", "note": "2026-06-01"}
    assert roster.charset == ""


def rewritten(data, replaced, content, name=""):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for item in old.infolist():
            is_replaced = item.filename == replaced
            new.writestr(
                (is_replaced and name) or item.filename, content if is_replaced else old.read(item)
            )
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
STYLES = "xl/styles.xml"
LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row r="1"><c t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>'
)
EMPTY_SHEET = (
    LAUGHS[LAUGHS.index(b"<worksheet") : LAUGHS.index(b"<row")] + b"</sheetData></worksheet>"
)
OUTSIDE = LAUGHS.replace(b'"&a;&a;&a;"', b'SYSTEM "file:///etc/passwd"')


@pytest.mark.parametrize("content", [LAUGHS, OUTSIDE, b"<worksheet", b""])
def test_workbook_with_entities_or_damage_is_refused(content):
    with pytest.raises(RosterError, match="cannot be read"):
        read_roster(rewritten(workbook(HEAD), SHEET, content))


@pytest.mark.parametrize("name", [SHEET, "xl/media/image1.png"])
def test_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch, name):
    monkeypatch.setattr(xlsx_sheets, "open_sheets", None)
    bomb = rewritten(workbook(HEAD), SHEET, b" " * (xlsx_table.MAX_UNPACKED + 1), name=name)
    assert len(bomb) < 100_000
    with pytest.raises(RosterError, match="too large"):
        read_roster(bomb)


def test_sheets_that_refer_to_one_part_are_read_once(monkeypatch):
    """Thousands of them would multiply the time by as much."""
    data = workbook(HEAD)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        book = archive.read("xl/workbook.xml")
    sheet = book[book.index(b"<sheet ") : book.index(b"</sheets>")]
    opened = []
    read = ReadOnlyWorksheet._get_source
    monkeypatch.setattr(
        ReadOnlyWorksheet, "_get_source", lambda sheet: opened.append(1) or read(sheet)
    )
    many = rewritten(data, "xl/workbook.xml", book.replace(sheet, sheet * 50))
    with pytest.raises(RosterError):
        read_roster(rewritten(many, SHEET, EMPTY_SHEET))
    assert len(opened) == 2  # for its size and for its rows


def test_blank_rows_of_all_sheets_together_have_one_limit():
    """450 sheets with one far cell each, 121 KB, took 11 s."""
    book = Workbook()
    for number in range(3):
        sheet = book.active if number == 0 else book.create_sheet()
        sheet.cell(2000, 1).font = Font(bold=True)
    book.create_sheet().append(("E-mail",))
    book.worksheets[-1].append(("s@x.example",))
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(RosterError, match="no rows"):
        read_roster(out.getvalue())


def test_large_styles_are_not_read():
    """4 MiB of empty ones, 7 KB in the file, took half a gigabyte."""
    cells = ("Бондар", "Софія", "s@x.example", "", 9, date(2026, 6, 1))
    data = workbook(HEAD, cells)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        styles = archive.read(STYLES)
    large = styles.replace(b"</cellXfs>", b"<xf/>" * 60_000 + b"</cellXfs>")
    [row] = read_roster(rewritten(data, STYLES, large)).rows
    assert (row.email, row.contacts["note"]) == ("s@x.example", "46174")


def test_understated_size_reads_no_more():
    data = rewritten(workbook(HEAD), SHEET, b" " * 5_000_000)
    lying = data.replace((5_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lying != data
    with pytest.raises(RosterError):
        read_roster(lying)


def test_workbook_with_too_many_rows_is_refused():
    rows = [(f"Учень {n}", f"s{n}@x.example") for n in range(1100)]
    with pytest.raises(RosterError, match="At most 1000 rows"):
        read_roster(workbook(("Учень", "Пошта"), *rows))


def test_row_number_of_a_million_is_not_filled_up():
    row = b'<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    sheet = LAUGHS[LAUGHS.index(b"<worksheet") :]
    far = sheet.replace(sheet[sheet.index(b"<row") : sheet.index(b"</sheetData>")], row)
    with pytest.raises(RosterError, match="no rows"):
        read_roster(rewritten(workbook(HEAD), SHEET, far))


def test_old_workbook_is_refused_with_advice():
    with pytest.raises(RosterError, match=r"old \.xls file"):
        read_roster(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500)


@pytest.mark.parametrize(
    ("names", "addresses"),
    [
        ("Sponsor name", "Sponsor e-mail"),
        ("Payer", "Payer’s e-mail"),
        ("Ім’я няні", "Пошта няні"),
        ("Прізвище вихователя", "E-mail вихователя"),
        ("Платник", "Пошта платника"),
        ("Driver’s name", "Driver’s e-mail"),
        ("Ім’я сестри", "Пошта сестри"),
        ("Мачуха", "Пошта мачухи"),
    ],
)
def test_other_adults_are_known_in_headings_of_names_and_of_addresses(names, addresses):
    assert find_field(names) not in NAME_FIELDS
    assert has_adults_addresses(normalise_heading(addresses))


@pytest.mark.parametrize(
    "name", ["Yo-Yo Ma", "Татарчук", "Бабенко", "Родинський", "Мамай", "Дідух"]
)
def test_surnames_that_begin_like_an_adults_word_are_no_headings(name):
    assert find_field(name) is None
