"""Tests of claiming a placeholder by its link, with a new or an existing account."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts import adapters
from apps.accounts.models import User
from apps.accounts.placeholders import make_student_link
from apps.classrooms.models import Membership, StudentCard
from apps.classrooms.models.student_card import CONTACT_FIELDS, MAX_NOTE
from apps.classrooms.students import add_student, change_student
from apps.common.errors import DomainError
from apps.lessons import placeholders
from apps.lessons.models import Lesson
from apps.lessons.placeholders import accept_student_link
from apps.lessons.services import reschedule_lesson
from tests.builders import HOUR, NOON, PASSWORD, make_lesson, make_placeholder, sign_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def placeholder(classroom):
    return make_placeholder(classroom, note="Готується до ЗНО", email="sofia@home.example")


def token_of(placeholder, now=None):
    return make_student_link(placeholder, now or timezone.now()).url.split("/")[-2]


def sign_up_by(token, **changes):
    return sign_up(role="student", invitation=token, **changes)


# Signing up


def test_sign_up_by_the_link_keeps_id_lessons_and_card(api, tutor, placeholder):
    lesson = make_lesson(tutor, placeholder)
    assert sign_up_by(token_of(placeholder)).status_code == 200
    student = User.objects.get(email="new@school.example")
    assert student.pk == placeholder.pk
    assert (student.is_placeholder, student.is_active, student.contact_email) == (False, True, "")
    assert api(student).get(f"/api/lessons/{lesson.pk}/").status_code == 200
    card = api(tutor).get(f"/api/students/{student.pk}/").json()
    assert (card["note"], card["email"]) == ("Готується до ЗНО", "new@school.example")
    assert list(EmailAddress.objects.values_list("email", "user"))[-1:] == [
        ("new@school.example", student.pk)
    ]
    sign_in = Client().post("/accounts/login/", {"login": student.email, "password": PASSWORD})
    assert sign_in.status_code == 302


def test_link_is_used_once(placeholder):
    token = token_of(placeholder)
    sign_up_by(token)
    sign_up_by(token, email="second@school.example")
    second = User.objects.get(email="second@school.example")
    assert second.pk != placeholder.pk
    with pytest.raises(DomainError, match="not valid"):
        accept_student_link(token=token, student=second)


def test_tutor_who_signs_up_does_not_become_the_student(placeholder):
    sign_up(role="tutor", invitation=token_of(placeholder))
    placeholder.refresh_from_db()
    assert placeholder.is_placeholder


@pytest.mark.parametrize("age", [timedelta(days=31), timedelta(0)])
def test_old_link_or_one_of_an_earlier_address_makes_an_own_account(tutor, placeholder, age):
    token = token_of(placeholder, timezone.now() - age)
    change_student(tutor=tutor, student=placeholder, email="" if not age else "sofia@home.example")
    assert sign_up_by(token).status_code == 200
    placeholder.refresh_from_db()
    assert placeholder.is_placeholder


def test_placeholder_taken_over_meanwhile_is_not_found(tutor, stranger, placeholder):
    accept_student_link(token=token_of(placeholder), student=stranger)
    with pytest.raises(DomainError, match="Not found"):
        change_student(tutor=tutor, student=placeholder, note="Mine")


def test_lesson_read_before_its_placeholder_was_taken_over_can_be_changed(
    tutor, stranger, placeholder
):
    lesson = make_lesson(tutor, placeholder)
    accept_student_link(token=token_of(placeholder), student=stranger)
    reschedule_lesson(tutor=tutor, lesson=lesson, title="Fractions")
    assert Lesson.objects.get().title == "Fractions"


def test_address_typed_again_does_not_bring_its_link_back(tutor, stranger, placeholder):
    token = token_of(placeholder)
    for email in ("other@home.example", "sofia@home.example"):
        change_student(tutor=tutor, student=placeholder, email=email)
    with pytest.raises(DomainError, match="not valid"):
        accept_student_link(token=token, student=stranger)


def test_link_survives_a_change_of_the_name(tutor, stranger, placeholder):
    token = token_of(placeholder)
    change_student(tutor=tutor, student=placeholder, first_name="Соломія")
    assert accept_student_link(token=token, student=stranger) == 0


@pytest.fixture
def revoke_before(tutor, placeholder, monkeypatch):
    """Have the tutor change the address after the link is read, just before the lock."""

    def patch(module, name):
        lock = getattr(module, name)

        def revoke_and_lock(*args):
            change_student(tutor=tutor, student=placeholder, email="other@home.example")
            return lock(*args)

        monkeypatch.setattr(module, name, revoke_and_lock)

    return patch


def test_link_revoked_during_the_sign_up_makes_an_own_account(placeholder, revoke_before):
    revoke_before(adapters, "lock_placeholder")
    assert sign_up_by(token_of(placeholder)).status_code == 200
    placeholder.refresh_from_db()
    assert placeholder.is_placeholder


def test_link_revoked_during_the_acceptance_is_refused(stranger, placeholder, revoke_before):
    revoke_before(placeholders, "_lock")
    with pytest.raises(DomainError, match="not valid"):
        accept_student_link(token=token_of(placeholder), student=stranger)


def test_known_address_does_not_use_up_the_link(student, placeholder):
    sign_up_by(token_of(placeholder), email=student.email)
    placeholder.refresh_from_db()
    assert placeholder.is_placeholder


# An account that exists


def test_account_takes_over_lessons_memberships_and_card(tutor, classroom, stranger, placeholder):
    lesson = make_lesson(tutor, placeholder)
    assert accept_student_link(token=token_of(placeholder), student=stranger) == 0
    assert not User.objects.filter(pk=placeholder.pk).exists()
    assert Lesson.objects.get().pk == lesson.pk
    assert Lesson.objects.get().student == stranger
    assert Membership.objects.get(student=stranger).status == "active"
    assert StudentCard.objects.get().student == stranger


def test_member_who_accepts_is_not_doubled(tutor, classroom, student, placeholder):
    change_student(tutor=tutor, student=student, note="Моя", phone="1")
    accept_student_link(token=token_of(placeholder), student=student)
    assert classroom.memberships.count() == 1
    card = StudentCard.objects.get()
    assert card.note == "Моя\n\nГотується до ЗНО"
    assert card.phone == "1"


def test_paused_member_stays_paused(classroom, student, placeholder):
    classroom.memberships.filter(student=student).update(status="paused")
    accept_student_link(token=token_of(placeholder), student=student)
    assert classroom.memberships.get().status == "paused"


def test_removed_placeholder_does_not_remove_the_member(classroom, student, placeholder):
    """A tutor removes the placeholder of a student who has joined by the code instead."""
    classroom.memberships.filter(student=placeholder).update(status="removed")
    accept_student_link(token=token_of(placeholder), student=student)
    assert classroom.memberships.get().status == "active"


def test_overlapping_lessons_both_stay(tutor, other_tutor, stranger, placeholder):
    theirs = make_lesson(other_tutor, stranger)
    mine = make_lesson(tutor, placeholder, NOON + HOUR / 2)
    later = make_lesson(tutor, placeholder, NOON + 5 * HOUR)
    assert accept_student_link(token=token_of(placeholder), student=stranger) == 1
    lessons = Lesson.objects.filter(student=stranger)
    assert dict(lessons.values_list("pk", "allow_overlap")) == {
        theirs.pk: False,
        mine.pk: True,
        later.pk: False,
    }


def test_account_that_signed_up_by_the_link_opens_it_again(placeholder):
    token = token_of(placeholder)
    sign_up_by(token)
    assert accept_student_link(token=token, student=User.objects.get(pk=placeholder.pk)) == 0


# A placeholder is nobody's account


def test_password_reset_by_the_typed_address_sends_no_reset(placeholder, settings):
    settings.EMAIL_URL = "smtp://localhost"
    Client().post("/accounts/password/reset/", {"email": "sofia@home.example"})
    assert not [m for m in mail.outbox if "/password/reset/key/" in m.body]


def test_typed_address_can_sign_up_as_somebody_else(placeholder):
    assert sign_up(email="sofia@home.example", role="student").status_code == 200
    assert User.objects.get(email="sofia@home.example").pk != placeholder.pk


def test_lesson_of_a_placeholder_sends_no_mail(
    api, tutor, placeholder, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "smtp://localhost"
    start = timezone.now() + HOUR
    times = {"starts_at": start.isoformat(), "ends_at": (start + HOUR).isoformat()}
    with django_capture_on_commit_callbacks(execute=True):
        sent = {"student_id": placeholder.pk, **times}
        assert api(tutor).post("/api/lessons/", sent).status_code == 201
    assert mail.outbox == []


@pytest.mark.parametrize(
    "change",
    [
        {"email": "a@x.example"},
        {"is_active": True},
        {"is_staff": True},
        {"role": "tutor"},
        {"password": "pbkdf2$1"},
        {"placeholder_of": None},
    ],
)
def test_database_refuses_a_placeholder_that_could_sign_in(placeholder, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=placeholder.pk).update(**change)


def test_database_refuses_an_account_without_an_address(student):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=student.pk).update(email=None)


def test_one_card_per_tutor_and_student(tutor, student):
    StudentCard.objects.create(tutor=tutor, student=student)
    with pytest.raises(IntegrityError), transaction.atomic():
        StudentCard.objects.create(tutor=tutor, student=student)


def test_failed_card_leaves_no_placeholder(classroom):
    with pytest.raises(TypeError):
        add_student(classroom=classroom, first_name="A", last_name="B", contacts={"x": "y"})
    assert not User.objects.filter(placeholder_of=classroom.tutor).exists()


def test_merged_cards_lose_no_text_however_long(api, tutor, classroom, stranger):
    notes = ("Старе. " * 700).strip(), ("Нове. " * 800).strip()
    StudentCard.objects.create(tutor=tutor, student=stranger, note=notes[0], phone="+1")
    placeholder = make_placeholder(classroom, note=notes[1], phone="+2", level="B2")
    accept_student_link(token=token_of(placeholder), student=stranger)
    card = api(tutor).get(f"/api/students/{stranger.pk}/").json()
    assert (card["phone"], card["level"]) == ("+1", "B2")
    assert card["note"].split("\n\n") == [notes[0], "Телефон: +2", notes[1]]
    assert len(card["note"]) > MAX_NOTE
    answer = api(tutor).patch(f"/api/students/{stranger.pk}/", {"level": "C1"})
    assert (answer.status_code, answer.json()["note"]) == (200, card["note"])
    page = Client()
    page.force_login(tutor, "allauth.account.auth_backends.AuthenticationBackend")
    form = {**{name: card[name] for name in CONTACT_FIELDS}, "level": "C2"}
    form["note"] = form["note"].replace("\n", "\r\n")
    assert page.post(f"/students/{stranger.pk}/edit/", form).status_code == 302
    kept = StudentCard.objects.get(tutor=tutor, student=stranger)
    assert (kept.level, kept.note) == ("C2", card["note"])
