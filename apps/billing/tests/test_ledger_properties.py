"""Whatever happens in whatever order, and wherever it is cut off, each participation is charged
exactly once, and an account is what its lines say.

A step is cut off before one of its writes, as by a process that is killed: what its transaction has
written is rolled back, what earlier transactions of the step have written stays.
"""

from collections import defaultdict
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.billing.accounts import get_account, set_rate
from apps.billing.balances import get_balances, get_lessons_without_pack, list_packs
from apps.billing.cancellations import (
    cancel_as_student,
    cancel_as_tutor,
    record_participation,
    waive,
)
from apps.billing.charges import charge_all
from apps.billing.ledger import append_entry, reverse_entry
from apps.billing.ledger_lines import list_lines
from apps.billing.models import AccountEntry, CancellationDecision, CancellationPolicy, Pack
from apps.billing.packs import expire_all, freeze_pack, thaw_pack
from apps.common.errors import DomainError
from apps.common.pagination import Page
from apps.lessons.models import Lesson, Participant
from apps.lessons.series.scope import Scope
from tests.builders import HOUR, make_classroom, make_lesson, make_membership, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


class Killed(BaseException):
    """Like the end of a process: nothing catches it."""


@contextmanager
def killed_before_write(number):
    """Raise Killed instead of the write of this number; None lets everything happen."""
    seen = 0

    def count(execute, sql, params, many, context):
        nonlocal seen
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            if seen == number:
                raise Killed
            seen += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield


class School:
    """Two students with accounts; two held lessons, two that begin soon, and one of both."""

    def __init__(self):
        self.tutor = make_user("tutor")
        self.students = [make_user("student"), make_user("student")]
        classroom = make_classroom(self.tutor)
        for student in self.students:
            make_membership(classroom, student)
        self.now = timezone.now()
        long_ago = self.now - 40 * DAY
        CancellationPolicy.objects.create(
            tutor=self.tutor,
            created_at=long_ago,
            students_may_cancel=True,
            late_charge_percent=50,
            no_show_charge_percent=50,
            free_late_cancellations=1,
        )
        self.accounts = [get_account(self.tutor, student) for student in self.students]
        for account in self.accounts:
            set_rate(account=account, amount=Decimal(333), currency="UAH", per="hour", now=long_ago)
        first = self.students[0]
        hours = (-9, -6, 3, 6, 9)
        self.lessons = [make_lesson(self.tutor, first, self.now + h * HOUR) for h in hours]
        for lesson in (self.lessons[0], self.lessons[4]):
            Participant.objects.create(lesson=lesson, student=self.students[1])

    def run(self, name, n, m):
        """Do one step with the n-th lesson (or entry, or pack) and the m-th student."""
        getattr(self, name)(n, m % 2)

    def attended(self, n, m):
        self._record(n, m, "attended")

    def missed(self, n, m):
        self._record(n, m, "no_show")

    def _record(self, n, m, status):
        lesson = self._lesson(n)
        later = max(self.now, lesson.starts_at)
        record_participation(
            lesson=lesson, student_id=self.students[m].pk, status=status, now=later
        )

    def completed(self, n, _m):
        started = Lesson.objects.filter(starts_at__lte=self.now, status="scheduled")
        started.filter(pk=self._lesson(n).pk).update(status="completed")

    def cancelled_by_student(self, n, m):
        lesson = self._lesson(n)
        now = min(self.now, lesson.starts_at - HOUR)
        cancel_as_student(lesson=lesson, student=self.students[m], now=now)

    def cancelled_by_tutor(self, n, _m):
        cancel_as_tutor(lesson=self._lesson(n), scope=Scope.THIS)

    def waived(self, n, m):
        student_id = self.students[m].pk
        waive(lesson=self._lesson(n), student_id=student_id, tutor=self.tutor, note="x")

    def reversed(self, n, _m):
        entries = list(AccountEntry.objects.order_by("pk"))
        if entries:
            reverse_entry(entry=entries[n % len(entries)], created_by=self.tutor)

    def paid(self, n, m):
        self._append(m, "payment", Decimal(n + 1) / 3, "UAH")

    def pack(self, n, m):
        expires_on = [None, self.now.date() + DAY, self.now.date() - DAY][n % 3]
        self._append(m, "pack", Decimal(1 + n % 2), "lesson", expires_on=expires_on)

    def _append(self, m, kind, amount, unit, **fields):
        amount = amount.quantize(Decimal("0.01"))
        append_entry(account=self.accounts[m], kind=kind, amount=amount, unit=unit, **fields)

    def frozen(self, n, _m):
        if pack := self._pack(n):
            freeze_pack(pack=pack, now=self.now)

    def thawed(self, n, _m):
        if pack := self._pack(n):
            thaw_pack(pack=pack, now=self.now)

    def expired(self, _n, _m):
        expire_all(self.now)

    def job(self, _n, _m):
        charge_all(self.now)

    def _lesson(self, n):
        return Lesson.objects.get(pk=self.lessons[n % len(self.lessons)].pk)

    def _pack(self, n):
        packs = list(Pack.objects.select_related("account__tutor").order_by("pk"))
        return packs[n % len(packs)] if packs else None


STEPS = [
    *("attended", "missed", "completed", "cancelled_by_student", "cancelled_by_tutor", "waived"),
    *("reversed", "paid", "pack", "frozen", "thawed", "expired", "job"),
]
steps = st.tuples(
    st.sampled_from(STEPS),
    st.integers(0, 9),
    st.integers(0, 1),
    st.one_of(st.none(), st.integers(0, 9)),
)


def check_entries(school):
    """Invariants that hold after every step, also after an interrupted one."""
    charges = defaultdict(list)
    for entry in AccountEntry.objects.select_related("reverses", "reversal").order_by("pk"):
        if entry.reverses:
            taken_back = entry.reverses
            assert entry.amount == -taken_back.amount
            assert (entry.unit, entry.pack_id) == (taken_back.unit, taken_back.pack_id)
            assert (entry.account_id, entry.lesson_id) == (
                taken_back.account_id,
                taken_back.lesson_id,
            )
        if entry.charge_number:
            charges[entry.account_id, entry.lesson_id].append(entry)
    for made in charges.values():
        assert [one.charge_number for one in made] == list(range(1, len(made) + 1))
        assert all(hasattr(one, "reversal") for one in made[:-1])
    for account in school.accounts:
        check_account(account)


def check_account(account):
    """Balance, packs and lines agree to the hundredth."""
    entries = AccountEntry.objects.filter(account=account)
    sums = defaultdict(Decimal)
    for entry in entries:
        sums[entry.unit] += entry.amount
    assert get_balances(account) == sums
    packs = sum((state.left for state in list_packs(account)), Decimal(0))
    loose = get_lessons_without_pack(account) or Decimal(0)
    assert packs + loose == sums.get("lesson", Decimal(0))
    running = defaultdict(Decimal)
    for line in reversed(list_lines(account, Page(1000, 0))):
        running[line.entry.unit] += line.entry.amount
        assert line.balance == running[line.entry.unit]


def wanted_charge(participant, decision):
    """Kind and percentage that the lesson's state calls for, or None."""
    lesson = participant.lesson
    is_cancelled = lesson.status == "cancelled"
    if participant.status == "late_cancelled":
        own = CancellationDecision.objects.filter(lesson=lesson, cancelled_lesson=True)
        if is_cancelled and not own.exists():
            return None
        return ("late_cancellation", 50) if decision.charge_percent else None
    if is_cancelled or participant.status == "cancelled":
        return None
    if participant.status == "no_show":
        return ("no_show", 50)
    if participant.status == "attended" or lesson.status == "completed":
        return ("lesson", 100)
    return None


def is_waived(charge, later):
    """Whether a person took back the charge that was made for the same reason as the later one."""
    same = (charge.kind, charge.decision_id) == (later.kind, later.decision_id)
    return same and charge.reversal.created_by_id is not None


def check_charges(school):
    """After the job has run undisturbed: one charge for each reason, unless a person took back the
    last one, made for the same reason."""
    for participant in Participant.objects.select_related("lesson"):
        account = school.accounts[[s.pk for s in school.students].index(participant.student_id)]
        of_lesson = {"lesson": participant.lesson_id, "student": participant.student_id}
        decision = CancellationDecision.objects.filter(**of_lesson).order_by("-pk").first()
        wanted = wanted_charge(participant, decision)
        made = AccountEntry.objects.filter(
            account=account, lesson=participant.lesson_id, charge_number__isnull=False
        ).order_by("pk")
        active = made.filter(reversal=None)
        last = made.last()
        if wanted is None:
            assert not active.exists()
        elif active.exists():
            charge = active.get()
            assert charge.kind == wanted[0]
            in_full = Decimal(1) if charge.unit == "lesson" else Decimal(333)
            cents = (in_full * wanted[1] / 100).quantize(Decimal("0.01"), "ROUND_HALF_UP")
            assert charge.amount == -cents
            before = made.exclude(pk=charge.pk).last()
            assert before is None or not is_waived(before, charge)
        else:
            assert last is not None
            assert last.kind == wanted[0]
            assert last.reversal.created_by == school.tutor


@given(st.lists(steps, min_size=1, max_size=10))
@example([("completed", 0, 0, None), ("job", 0, 0, 0), ("job", 0, 0, 1), ("job", 0, 0, 2)])
@example([("pack", 1, 0, None), ("attended", 0, 0, 1), ("missed", 0, 0, 2), ("job", 0, 0, 1)])
@example([("cancelled_by_student", 2, 0, n) for n in range(6)])
@example([("missed", 0, 1, None), ("waived", 0, 1, 0), ("waived", 0, 1, None), ("job", 0, 0, None)])
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_each_participation_is_charged_once_wherever_a_step_is_cut_off(made):
    with transaction.atomic():
        school = School()
        for name, n, m, write in made:
            with suppress(Killed, DomainError), killed_before_write(write):
                school.run(name, n, m)
            check_entries(school)
        charge_all(school.now)
        check_entries(school)
        check_charges(school)
        before = AccountEntry.objects.count()
        assert charge_all(school.now) == 0
        assert AccountEntry.objects.count() == before
        transaction.set_rollback(True)


@pytest.mark.parametrize("write", range(4))
def test_job_that_is_killed_at_any_write_is_completed_by_the_next(write):
    """It has three charges to add, and then notes that it has looked at the accounts."""
    school = School()
    for lesson in school.lessons[:2]:
        Lesson.objects.filter(pk=lesson.pk).update(status="completed")
    charged = AccountEntry.objects.filter(kind="lesson")
    with pytest.raises(Killed), killed_before_write(write):
        charge_all(school.now)
    assert charged.count() <= write
    with killed_before_write(4):
        charge_all(school.now)
    assert charged.count() == 3  # the first lesson is of both students
    assert charged.aggregate(total=Sum("amount"))["total"] == Decimal(-999)


def test_check_finds_a_charge_that_is_missing():
    """The check can fail: without the job, a completed lesson is not charged."""
    school = School()
    Lesson.objects.filter(pk=school.lessons[0].pk).update(status="completed")
    with pytest.raises(AssertionError):
        check_charges(school)
    charge_all(school.now)
    check_charges(school)
