"""Simultaneous charges, reversals and cancellations, and a job that is killed."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from apps.billing import charges
from apps.billing.accounts import get_account, set_rate
from apps.billing.cancellations import cancel_as_student
from apps.billing.models import Account, AccountEntry, CancellationDecision, CancellationPolicy
from apps.classroom.tests.servers import database_url
from apps.common.errors import DomainError
from apps.lessons.models import Lesson
from tests.builders import HOUR, make_classroom, make_lesson
from tests.races.simultaneous import (
    repeat_until,
    run_simultaneously,
    statuses,
    unique_name,
    without_constraints,
)
from tests.server import ROOT

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
ENTRIES = "billing_accountentry"


@pytest.fixture
def account(tutor, student):
    make_classroom(tutor, student)
    CancellationPolicy.objects.create(
        tutor=tutor, created_at=timezone.now() - timedelta(days=40), students_may_cancel=True
    )
    made = get_account(tutor, student)
    now = timezone.now() - timedelta(days=30)
    set_rate(account=made, amount=Decimal(400), currency="UAH", per="lesson", now=now)
    return made


@pytest.fixture
def held(account, tutor, student):
    """Return a function that makes lessons that were held, at different hours."""
    hours = iter(range(2, 700))

    def make(number=1):
        starts = [timezone.now() - (2 * next(hours)) * HOUR for _ in range(number)]
        return [make_lesson(tutor, student, at, status="completed") for at in starts]

    return make


def charge():
    """Run the job; the name of an error that the database had to raise."""
    try:
        return charges.charge_all(timezone.now())
    except IntegrityError as exc:
        return type(exc).__name__


def count_charges():
    found = AccountEntry.objects.filter(kind="lesson").values_list("lesson_id", flat=True)
    return Counter(Counter(found).values())


def test_simultaneous_jobs_charge_each_lesson_once(held):
    for round_number in range(1, 6):
        held(5)
        assert sum(run_simultaneously(charge, charge, charge)) == 5
        assert count_charges() == {1: 5 * round_number}


@pytest.fixture
def no_lock(monkeypatch):
    monkeypatch.setattr(charges, "lock_account", lambda account: account)


def test_constraint_without_the_lock_refuses_the_second_charge(held, no_lock):
    """The lock is what makes the second job find the charge instead of failing."""

    def attempt():
        held(5)
        results = run_simultaneously(charge, charge)
        charge()
        assert set(count_charges()) == {1}
        return "IntegrityError" in results

    repeat_until(attempt)


def test_control_without_lock_and_constraint_charges_a_lesson_twice(held, no_lock):
    def attempt():
        held(5)
        run_simultaneously(charge, charge)
        return count_charges()[2] > 0

    with without_constraints("account_entry_charge_once", table=ENTRIES):
        repeat_until(attempt)


def reverse(client, entry):
    return client.post(f"/api/account-entries/{entry.pk}/reverse/", {"note": ""})


def test_simultaneous_reversals_of_an_entry_have_one_winner(api, tutor, held):
    held(5)
    charge()
    for entry in AccountEntry.objects.filter(kind="lesson"):
        clients = [api(tutor) for _ in range(3)]
        answers = run_simultaneously(*(partial(reverse, client, entry) for client in clients))
        assert statuses(answers) == {201: 1, 409: 2}
        assert AccountEntry.objects.filter(reverses=entry).count() == 1


def test_control_without_the_constraint_an_entry_is_reversed_twice(api, tutor, held):
    def attempt():
        held()
        charge()
        entry = AccountEntry.objects.filter(kind="lesson").latest("pk")
        clients = [api(tutor) for _ in range(2)]
        for client in clients:
            client.raise_request_exception = False
        run_simultaneously(*(partial(reverse, client, entry) for client in clients))
        return AccountEntry.objects.filter(reverses=entry).count() > 1

    with without_constraints(unique_name(ENTRIES, "reverses_id"), table=ENTRIES):
        repeat_until(attempt)


def test_job_and_reversal_of_one_charge_leave_it_reversed(api, tutor, held):
    for _ in range(5):
        [lesson] = held()
        charge()
        entry = AccountEntry.objects.get(kind="lesson", lesson=lesson)
        run_simultaneously(charge, partial(reverse, api(tutor), entry), charge)
        made = AccountEntry.objects.filter(lesson=lesson)
        assert sorted(made.values_list("kind", flat=True)) == ["lesson", "reversal"]


def cancel(lesson, student):
    """At the last moment before the lesson, as seen by this clock."""
    try:
        before = lesson.starts_at - timedelta(seconds=1)
        cancel_as_student(lesson=lesson, student=student, now=before)
    except DomainError as exc:
        return exc.code
    return "cancelled"


def test_cancellation_against_the_record_of_who_came_is_charged_once(api, tutor, student, account):
    """Whichever is first: late and cancelled, or held; never both, never nothing."""
    outcomes = Counter()
    for number in range(12):
        lesson = make_lesson(tutor, student, timezone.now() - (2 * number + 2) * HOUR)
        client = api(tutor)
        url = f"/api/lessons/{lesson.pk}/students/{student.pk}/"
        cancelled, recorded = run_simultaneously(
            partial(cancel, lesson, student),
            partial(client.patch, url, {"status": "attended"}),
        )
        charge()
        [made] = AccountEntry.objects.filter(lesson=lesson)
        decided = CancellationDecision.objects.filter(lesson=lesson).count()
        outcome = (cancelled, recorded.status_code, made.kind, decided)
        assert outcome in {
            ("cancelled", 409, "late_cancellation", 1),
            ("policy_forbids", 200, "lesson", 0),
        }
        outcomes[outcome] += 1
    assert sum(outcomes.values()) == 12


def test_cancellation_against_the_job_is_charged_once(tutor, student, account):
    for number in range(8):
        lesson = make_lesson(tutor, student, timezone.now() + (2 * number + 2) * HOUR)
        results = run_simultaneously(partial(cancel, lesson, student), charge, charge)
        assert results[0] == "cancelled"
        charge()
        assert AccountEntry.objects.get(lesson=lesson).kind == "late_cancellation"


def test_simultaneous_cancellations_by_student_and_tutor_cost_nothing_or_have_one_winner(
    api, tutor, student, account
):
    for number in range(8):
        lesson = make_lesson(tutor, student, timezone.now() + (2 * number + 2) * HOUR)
        client = api(tutor)
        own, answer = run_simultaneously(
            partial(cancel, lesson, student),
            partial(client.post, f"/api/lessons/{lesson.pk}/cancel/", {}),
        )
        charge()
        charged = AccountEntry.objects.filter(lesson=lesson).count()
        outcome = (own, answer.status_code, charged)
        assert outcome in {("cancelled", 409, 1), ("lesson_cancelled", 200, 0)}


# A process of its own, which is killed


def run_job(folder, write):
    """Run the job in a process that kills itself before the write of this number."""
    env = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [sys.executable, "-m", "tests.races.killed_job", str(write)]
    return subprocess.Popen(command, cwd=ROOT, env=env)


def test_killed_jobs_leave_no_charge_twice_and_none_out(held, tmp_path):
    """One process after the other is killed at a later write, until one comes to its end."""
    held(3)
    ends = []
    for write in range(8):
        process = run_job(tmp_path, write)
        ends.append(process.wait(60))
        assert set(count_charges()) <= {1}
        if ends[-1] == 0:
            break
    assert ends[0] == -signal.SIGKILL
    assert ends[-1] == 0
    assert count_charges() == {1: 3}


def test_two_processes_charge_each_lesson_once(held, tmp_path):
    held(6)
    processes = [run_job(tmp_path, 1000) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert count_charges() == {1: 6}
    assert Account.objects.get().checked_at is not None


def test_connections_of_killed_processes_hold_no_locks(held, tmp_path):
    held(2)
    assert run_job(tmp_path, 1).wait(60) == -signal.SIGKILL
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '20s'")
    try:
        assert charge() == 2
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
    assert Lesson.objects.filter(status="completed").count() == 2
