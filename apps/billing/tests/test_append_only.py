"""Tests of what the database refuses by itself."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from apps.billing.append_only import trigger_names
from apps.billing.models import (
    Account,
    AccountEntry,
    CancellationDecision,
    CancellationPolicy,
    Pack,
    PolicyAcceptance,
    Rate,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(tutor, student):
    return Account.objects.create(tutor=tutor, student=student)


def make_entry(account, kind="payment", unit="UAH", amount="100.00", **fields):
    return AccountEntry.objects.create(
        account=account, kind=kind, unit=unit, amount=Decimal(amount), **fields
    )


def charge(account, lesson, number=1, **fields):
    return make_entry(
        account, "lesson", amount="-400.00", lesson=lesson, charge_number=number, **fields
    )


def is_refused(write, *args, **kwargs):
    try:
        with transaction.atomic():
            write(*args, **kwargs)
    except IntegrityError:
        return True
    return False


def test_triggers_exist_after_migrate():
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        assert {row[0] for row in cursor.fetchall()} >= trigger_names(connection.vendor)


def test_entry_is_neither_changed_nor_deleted(account):
    entry = make_entry(account)
    rows = AccountEntry.objects.filter(pk=entry.pk)
    assert is_refused(rows.update, amount=Decimal(1))
    assert is_refused(rows.update, note="x")
    assert is_refused(rows._raw_delete, "default")
    assert rows.get().amount == Decimal("100.00")


def test_policy_and_rate_are_neither_changed_nor_deleted(account, tutor):
    policy = CancellationPolicy.objects.create(tutor=tutor)
    rate = Rate.objects.create(account=account, amount=Decimal(5), currency="UAH", per="lesson")
    for row, change in ((policy, {"free_until_minutes": 1}), (rate, {"amount": Decimal(1)})):
        rows = type(row).objects.filter(pk=row.pk)
        assert is_refused(rows.update, **change)
        assert is_refused(rows._raw_delete, "default")


def test_second_charge_of_a_lesson_needs_a_reversal_of_the_first(account, lesson):
    first = charge(account, lesson)
    assert is_refused(charge, account, lesson)
    assert is_refused(charge, account, lesson, 2)
    make_entry(account, "reversal", amount="400.00", reverses=first)
    assert is_refused(charge, account, lesson)
    assert is_refused(charge, account, lesson, 3)
    assert not is_refused(charge, account, lesson, 2)


def test_entry_is_reversed_once(account):
    entry = make_entry(account)
    make_entry(account, "reversal", amount="-100.00", reverses=entry)
    assert is_refused(make_entry, account, "reversal", amount="-100.00", reverses=entry)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "gift"},
        {"amount": "0"},
        {"amount": "-1"},
        {"kind": "refund", "amount": "1"},
        {"kind": "lesson", "amount": "-1"},
        {"kind": "reversal", "amount": "-1"},
        {"kind": "pack", "unit": "lesson", "amount": "8"},
        {"charge_number": 1},
    ],
)
def test_entry_that_makes_no_sense_is_refused(account, fields):
    assert is_refused(make_entry, account, **fields)


def test_second_account_of_a_student_with_a_tutor_is_refused(account, tutor, student):
    assert is_refused(Account.objects.create, tutor=tutor, student=student)
    assert is_refused(Account.objects.create, tutor=tutor)


def test_sum_of_amounts_is_exact(account):
    for _ in range(3):
        make_entry(account, amount="9999999999.99")
    make_entry(account, amount="0.01")
    from django.db.models import Sum

    total = AccountEntry.objects.aggregate(total=Sum("amount"))["total"]
    assert (total, str(total)) == (Decimal("29999999999.98"), "29999999999.98")


def test_amount_has_two_places(account):
    with pytest.raises(ValueError, match="two decimal places"):
        make_entry(account, amount="0.001")


@pytest.mark.parametrize(
    "change",
    [
        {"free_until_minutes": 20161},
        {"late_charge_percent": 101},
        {"no_show_charge_percent": 101},
        {"free_late_cancellations": 11},
        {"free_late_period_days": 0},
        {"free_late_period_days": 366},
    ],
)
def test_policy_out_of_bounds_is_refused(tutor, change):
    assert is_refused(CancellationPolicy.objects.create, tutor=tutor, **change)


def test_second_acceptance_of_a_version_and_second_version_of_an_instant_are_refused(
    tutor, student
):
    policy = CancellationPolicy.objects.create(tutor=tutor)
    PolicyAcceptance.objects.create(policy=policy, student=student)
    assert is_refused(PolicyAcceptance.objects.create, policy=policy, student=student)
    assert is_refused(CancellationPolicy.objects.create, tutor=tutor, created_at=policy.created_at)


def test_pack_is_bought_and_expires_once(account):
    pack = Pack.objects.create(account=account, lessons=8)
    for kind, amount in (("pack", "8"), ("expiry", "-8")):
        fields = {"kind": kind, "unit": "lesson", "amount": amount, "pack": pack}
        assert not is_refused(make_entry, account, **fields)
        assert is_refused(make_entry, account, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"unit": "UAH"},
        {"kind": "expiry", "amount": "8"},
        {"kind": "pack", "amount": "-8"},
        {"kind": "payment", "unit": "UAH"},
    ],
)
def test_entry_of_a_pack_that_makes_no_sense_is_refused(account, fields):
    pack = Pack.objects.create(account=account, lessons=8)
    wanted = {"kind": "adjustment", "unit": "lesson", "amount": "8", "pack": pack, **fields}
    assert is_refused(make_entry, account, **wanted)


def test_pack_and_rate_out_of_bounds_are_refused(account):
    assert is_refused(Pack.objects.create, account=account, lessons=0)
    rate = {"account": account, "amount": Decimal(1), "currency": "UAH", "per": "lesson"}
    assert is_refused(Rate.objects.create, **{**rate, "amount": Decimal(-1)})
    assert is_refused(Rate.objects.create, **{**rate, "per": "day"})


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"outcome": "charged", "charge_percent": 50}, False),
        ({"outcome": "free", "charge_percent": 0, "no_fault": "illness"}, False),
        ({"outcome": "free", "charge_percent": 50}, True),
        ({"outcome": "charged", "charge_percent": 0}, True),
        ({"outcome": "charged", "charge_percent": 101}, True),
        ({"outcome": "charged", "charge_percent": 50, "was_free_late": True}, True),
        ({"outcome": "charged", "charge_percent": 50, "no_fault": "illness"}, True),
        ({"outcome": "lost", "charge_percent": 50}, True),
    ],
)
def test_decision_contradicts_itself_never(lesson, student, tutor, fields, refused):
    policy = CancellationPolicy.objects.create(tutor=tutor)
    made = {"lesson": lesson, "student": student, "policy": policy, **fields}
    assert is_refused(CancellationDecision.objects.create, **made) is refused


def test_decision_is_neither_changed_nor_deleted(lesson, student, tutor):
    policy = CancellationPolicy.objects.create(tutor=tutor)
    decision = CancellationDecision.objects.create(
        lesson=lesson, student=student, policy=policy, outcome="free", charge_percent=0
    )
    rows = CancellationDecision.objects.filter(pk=decision.pk)
    assert is_refused(rows.update, reason="x")
    assert is_refused(rows._raw_delete, "default")
