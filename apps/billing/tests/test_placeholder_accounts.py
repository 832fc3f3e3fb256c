"""Tests of what becomes of a placeholder's account when a student takes the placeholder over."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.accounts.placeholders import make_student_link
from apps.billing.accounts import account_json, get_account, list_entries, update_account
from apps.billing.balances import get_balances
from apps.billing.cancellations import record_participation
from apps.billing.ledger import append_entry
from apps.lessons.placeholders import accept_student_link
from tests.builders import HOUR, make_lesson, make_placeholder

pytestmark = pytest.mark.django_db


@pytest.fixture
def placeholder(classroom):
    return make_placeholder(classroom)


def add(account, kind, unit, amount, **fields):
    return append_entry(account=account, kind=kind, unit=unit, amount=Decimal(amount), **fields)


def take_over(placeholder, student):
    token = make_student_link(placeholder, timezone.now()).url.split("/")[-2]
    accept_student_link(token=token, student=student)


def test_account_of_the_placeholder_becomes_the_students(tutor, placeholder, stranger):
    account = get_account(tutor, placeholder)
    add(account, "payment", "UAH", 100)
    take_over(placeholder, stranger)
    assert get_account(tutor, stranger) == account


def test_two_accounts_are_read_as_one(tutor, placeholder, student):
    now = timezone.now()
    add(get_account(tutor, placeholder), "pack", "lesson", 8)
    lesson = make_lesson(tutor, placeholder, now - 5 * HOUR)
    record_participation(lesson=lesson, student_id=placeholder.pk, status="attended", now=now)
    own = get_account(tutor, student)
    add(own, "payment", "UAH", 100)
    take_over(placeholder, student)
    own.refresh_from_db()
    update_account(own, now + timedelta(minutes=1))
    assert get_balances(own) == {"lesson": Decimal(7), "UAH": Decimal(100)}
    assert [pack["left"] for pack in account_json(own)["packs"]] == [7]
    assert list_entries(own).count() == 3


def test_lesson_that_both_attended_is_charged_once(tutor, placeholder, student):
    now = timezone.now()
    lesson = make_lesson(tutor, placeholder, now - 5 * HOUR)
    lesson.participants.create(student=student)
    for person in (placeholder, student):
        add(get_account(tutor, person), "pack", "lesson", 8)
        record_participation(lesson=lesson, student_id=person.pk, status="attended", now=now)
    own = get_account(tutor, student)
    assert get_balances(own) == {"lesson": Decimal(7)}
    take_over(placeholder, student)
    own.refresh_from_db()
    update_account(own, now)
    assert get_balances(own) == {"lesson": Decimal(15)}
