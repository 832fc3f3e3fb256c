"""Migrations clean texts that earlier releases stored."""

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection

from apps.accounts.models import User
from apps.classroom.models import Attendance
from apps.classrooms.models import Classroom
from apps.common import stored_texts
from apps.common.stored_texts import clean_stored
from apps.common.text import clean_text
from apps.lessons.models import Lesson
from tests.builders import NOON, make_classroom, make_lesson

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
DIRTY = "\u202eAl\u00adge\u2069bra\x07 "


def migrate(app, name):
    editor = SimpleNamespace(connection=connection)
    import_module(f"apps.{app}.migrations.{name}").clean(apps, editor)


def test_titles_and_reasons_are_cleaned(lesson):
    reason = "\u2067one\nt\u200bwo"
    Lesson.objects.update(title=DIRTY, cancel_reason=reason)
    migrate("lessons", "0008_clean_texts")
    assert Lesson.objects.values_list("title", "cancel_reason").get() == ("Algebra", "one\ntwo")


def test_names_and_their_keys_are_cleaned(tutor):
    User.objects.filter(pk=tutor.pk).update(first_name=DIRTY, search_text="", sort_key=b"")
    migrate("accounts", "0009_clean_names")
    person = User.objects.get(pk=tutor.pk)
    before = person.search_text, bytes(person.sort_key)
    assert person.first_name == "Algebra"
    person.save()
    person.refresh_from_db()
    assert (person.search_text, bytes(person.sort_key)) == before


def test_names_of_classrooms_and_their_keys_are_cleaned(tutor, student):
    classroom = make_classroom(tutor, student)
    Classroom.objects.update(name=DIRTY, search_text="", sort_key=b"")
    migrate("classrooms", "0007_clean_names")
    classroom.refresh_from_db()
    before = classroom.name, classroom.search_text, bytes(classroom.sort_key)
    assert before[:2] == ("Algebra", "algebra")
    classroom.save()
    classroom.refresh_from_db()
    assert (classroom.name, classroom.search_text, bytes(classroom.sort_key)) == before


def test_names_in_the_attendance_are_cleaned(lesson, tutor):
    for name in (DIRTY, "\u202e"):
        Attendance.objects.create(
            session=lesson.session,
            peer=uuid4(),
            person="g1",
            name=name,
            role="guest",
            joined_at=NOON,
            seen_at=NOON,
        )
    migrate("classroom", "0011_clean_names")
    assert {*Attendance.objects.values_list("name", flat=True)} == {"Algebra", "\u202e"}


def test_rows_are_cleaned_in_batches(tutor, student, monkeypatch):
    monkeypatch.setattr(stored_texts, "BATCH", 2)
    for number in range(5):
        make_lesson(tutor, student, NOON + timedelta(days=number + 1))
    Lesson.objects.update(title=DIRTY)
    clean_stored(Lesson.objects.all(), {"title": clean_text})
    assert {*Lesson.objects.values_list("title", flat=True)} == {"Algebra"}


def test_title_that_is_changed_meanwhile_is_kept(lesson):
    def clean(title):
        Lesson.objects.update(title="\u202enewer")  # by a process of the previous release
        return clean_text(title)

    Lesson.objects.update(title=DIRTY)
    clean_stored(Lesson.objects.all(), {"title": clean})
    assert Lesson.objects.get().title == "\u202enewer"
