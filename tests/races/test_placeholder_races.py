"""Several people become one placeholder at once: one does, and nobody's account is replaced."""

import threading
from functools import partial

import pytest
from django.db import IntegrityError
from django.utils import timezone

from apps.accounts import adapters
from apps.accounts.models import User
from apps.accounts.placeholders import make_student_link
from apps.classrooms import students as roster
from apps.common.errors import DomainError
from apps.lessons import placeholders
from apps.lessons.models import Lesson
from tests.builders import make_classroom, make_lesson, make_placeholder, make_user, sign_up
from tests.races.simultaneous import repeat_until, run_simultaneously

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
EMAILS = ("one@school.example", "two@school.example")


def make_token(classroom):
    placeholder = make_placeholder(classroom)
    make_lesson(classroom.tutor, placeholder)
    link = make_student_link(placeholder, timezone.now())
    return placeholder, link.url.split("/")[-2]


def sign_up_simultaneously(token):
    User.objects.filter(email__in=EMAILS).delete()
    calls = (partial(sign_up, role="student", invitation=token, email=e) for e in EMAILS)
    return [answer.status_code for answer in run_simultaneously(*calls)]


def accept_simultaneously(token, students):
    def accept(student):
        try:
            placeholders.accept_student_link(token=token, student=student)
        except DomainError as exc:
            return exc.code
        return "accepted"

    return sorted(run_simultaneously(*(partial(accept, student) for student in students)))


def test_simultaneous_sign_ups_by_one_link_make_two_accounts(tutor):
    placeholder, token = make_token(make_classroom(tutor))
    assert sign_up_simultaneously(token) == [200, 200]
    assert User.objects.filter(email__in=EMAILS).count() == 2
    placeholder.refresh_from_db()
    assert placeholder.email in EMAILS


def test_control_without_lock_one_sign_up_replaces_the_other(tutor, monkeypatch):
    monkeypatch.setattr(adapters, "lock_placeholder", lambda _placeholder: True)

    def attempt():
        Lesson.objects.all().delete()
        _placeholder, token = make_token(make_classroom(tutor))
        try:
            sign_up_simultaneously(token)
        except (AssertionError, IntegrityError):
            return True  # allauth finds the other's address at the same account, or the database
        return User.objects.filter(email__in=EMAILS).count() == 1

    repeat_until(attempt)


def test_link_is_accepted_by_one_of_two_accounts(tutor):
    students = [make_user("student") for _ in range(2)]
    placeholder, token = make_token(make_classroom(tutor))
    assert accept_simultaneously(token, students) == ["accepted", "invite_invalid"]
    assert Lesson.objects.get().student in students
    assert not User.objects.filter(pk=placeholder.pk).exists()


def test_control_without_lock_both_accounts_accept(tutor, monkeypatch):
    monkeypatch.setattr(placeholders, "_lock", lambda *_people: True)
    students = [make_user("student") for _ in range(2)]

    def attempt():
        Lesson.objects.all().delete()
        _placeholder, token = make_token(make_classroom(tutor))
        return accept_simultaneously(token, students) == ["accepted", "accepted"]

    repeat_until(attempt)


def join_and_accept_simultaneously(tutor):
    """Return whether the placeholder joined the second classroom, and whether its new account is
    active there."""
    Lesson.objects.all().delete()
    first, second = make_classroom(tutor), make_classroom(tutor)
    placeholder, token = make_token(first)
    student = make_user("student")
    joined, _lessons = run_simultaneously(
        partial(roster.join_placeholder, classroom=second, student=placeholder),
        partial(placeholders.accept_student_link, token=token, student=student),
    )
    return joined, second.memberships.filter(student=student, status="active").exists()


def test_placeholder_joins_a_classroom_before_or_not_after_it_is_taken_over(tutor):
    for _ in range(10):
        joined, is_member = join_and_accept_simultaneously(tutor)
        assert joined == is_member


def test_control_without_lock_a_new_membership_is_lost(tutor, monkeypatch):
    """The student joins after the memberships were taken over and before the placeholder goes."""
    taken_over, joined = threading.Event(), threading.Event()
    join, move_card = roster.join_placeholder, placeholders.move_card

    def join_late(**people):
        try:
            return join(**people)
        finally:
            joined.set()

    def move_card_late(**people):
        taken_over.set()
        assert joined.wait(20)
        move_card(**people)

    monkeypatch.setattr(roster, "_lock_placeholder", lambda _student: taken_over.wait(20))
    monkeypatch.setattr(roster, "join_placeholder", join_late)
    monkeypatch.setattr(placeholders, "move_card", move_card_late)
    try:
        has_joined, is_member = join_and_accept_simultaneously(tutor)
    except IntegrityError:
        return
    assert has_joined != is_member
