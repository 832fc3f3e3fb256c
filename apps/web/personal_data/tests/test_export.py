"""The export of a person: whole, without secrets and without what is of others."""

import csv
import io
import json
import uuid
import zipfile

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.accounts.models import User
from apps.billing.accounts import get_account
from apps.classroom import upload_limits
from apps.classroom.models import BoardFile, ChatMessage
from apps.classrooms.models import StudentCard
from apps.web.personal_data.archive import write_export
from apps.web.personal_data.collect import KEYED, LEFT_OUT, PATHS, collect

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def school(lesson, tutor, student, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    room = {"session": lesson.session, "name": "x", "role": "student", "sent_at": NOW}
    for person, text in ((student, "=1+1"), (tutor, "of the tutor")):
        key = f"u{person.pk}"
        ChatMessage.objects.create(uuid=uuid.uuid4(), person=key, text=text, **room)
    BoardFile.objects.create(
        session=lesson.session,
        person=f"u{student.pk}",
        file=ContentFile(b"picture", "a.png"),
        size=7,
        mime_type="image/png",
    )
    StudentCard.objects.create(tutor=tutor, student=student, level="B1", note="a private note")
    get_account(tutor, student)
    return lesson


def members(person) -> dict[str, bytes]:
    with write_export(person, NOW) as file, zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_student_gets_lessons_chat_account_and_pictures(school, student, tutor):
    found = members(student)
    assert [row["id"] for row in json.loads(found["json/lessons.Lesson.json"])] == [school.pk]
    assert [row["text"] for row in json.loads(found["json/classroom.ChatMessage.json"])] == ["=1+1"]
    assert len(json.loads(found["json/billing.Account.json"])) == 1
    assert [name for name in found if name.startswith("files/")]
    assert b"picture" in found.values()
    assert json.loads(found["people.json"])[str(tutor.pk)] == tutor.get_full_name()


def test_json_and_csv_hold_the_same_rows_and_csv_no_formulas(school, student):
    found = members(student)
    rows = csv.reader(io.StringIO(found["csv/classroom.ChatMessage.csv"].decode("utf-8-sig")))
    columns, row = rows
    assert dict(zip(columns, row, strict=True))["text"] == "'=1+1"
    names = [
        {n.split("/")[1].rsplit(".", 1)[0] for n in found if n.startswith(d)}
        for d in ("json/", "csv/")
    ]
    assert names[0] == names[1]


def test_export_has_no_secrets_and_nothing_of_others(school, student, stranger):
    everything = b"".join(members(student).values()).decode(errors="replace")
    for secret in (student.password, "a private note", "of the tutor", stranger.email):
        assert secret not in everything


def test_tutor_gets_the_own_notes(school, tutor):
    assert b"a private note" in members(tutor)["json/classrooms.StudentCard.json"]


def test_stranger_gets_nothing_of_the_school(school, stranger):
    assert "json/lessons.Lesson.json" not in members(stranger)


def test_every_table_that_names_a_person_is_exported_or_left_out_for_a_reason():
    naming = {
        model._meta.label
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is User or field.name == "person"
    }
    rooms = {"classroom.RoomBan", "classroom.RoomAdmission", "classroom.BoardAuthor"}
    assert naming - set(PATHS) - set(KEYED) - set(LEFT_OUT) - rooms == set()
    assert not set(PATHS) & set(LEFT_OUT)


def test_number_of_queries_does_not_grow_with_the_rows(
    school, student, django_assert_max_num_queries
):
    with django_assert_max_num_queries(len(PATHS) + len(KEYED)):
        list(collect(student))


@pytest.mark.parametrize("name", ["email", "pk"])
def test_command_writes_the_zip(school, student, tmp_path, name):
    call_command("export", str(getattr(student, name)), "--to", tmp_path)
    [path] = tmp_path.glob("kreida-*.zip")
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="Nothing was exported: File exists"):
        call_command("export", student.email, "--to", tmp_path)


def test_command_refuses_an_unknown_person(db):
    with pytest.raises(CommandError, match="Nobody has"):
        call_command("export", "nobody@school.example")


def test_page_downloads_the_zip_ten_times_a_day(browser, school, student):
    client = browser(student)
    assert client.get("/settings/data/").status_code == 200
    answer = client.post("/settings/data/export/")
    assert answer["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        assert "json/lessons.Lesson.json" in archive.namelist()
    statuses = [client.post("/settings/data/export/").status_code for _ in range(10)]
    assert statuses == [200] * 9 + [429]


@pytest.mark.parametrize(
    ("percent", "words"),
    [(79, None), (80, "storage is nearly full"), (99, "nearly full"), (100, "storage is full:")],
)
def test_tutor_is_warned_of_a_full_storage(browser, tutor, student, monkeypatch, percent, words):
    monkeypatch.setattr(upload_limits, "count_stored_bytes", lambda _pk: percent)
    monkeypatch.setattr(upload_limits, "quota", lambda: 100)
    page = browser(tutor, "en").get("/settings/data/").content.decode()
    assert f"({percent} %)" in page
    assert ("Your storage is" in page) == (words is not None)
    assert words is None or words in page
    assert "Storage" not in browser(student, "en").get("/settings/data/").content.decode()
