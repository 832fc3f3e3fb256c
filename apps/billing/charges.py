"""Charges what lessons cost: each held, missed or late-cancelled participation once.

What is due follows from lessons, participants and decisions, which nobody has to report: a charge
that is missing is added, and one whose reason is gone is reversed. So the work can be interrupted
and repeated at any point. It runs with the change itself where this app makes it, before an account
is read, and as a periodic job.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.billing.ledger import lock_account, reverse_entry
from apps.billing.models import (
    Account,
    AccountEntry,
    CancellationDecision,
    CancellationPolicy,
)
from apps.billing.prices import PriceList, load_prices
from apps.lessons.models import Lesson, Participant

# Participations of lessons that began earlier are charged only if they are changed here.
LOOK_BACK = timedelta(days=35)
# A charge may be this much older than its lesson: a late cancellation, see MAX_NOTICE.
EARLIEST_CHARGE = timedelta(days=15)

Kind = AccountEntry.Kind


class Reason(NamedTuple):
    """Why something is charged; the same reason is charged once."""

    kind: str
    percent: int
    decision_id: int | None = None


class Participation(NamedTuple):
    lesson_id: int
    tutor_id: int
    student_id: int
    status: str
    lesson_status: str
    starts_at: datetime
    ends_at: datetime
    created_at: datetime


_COLUMNS = (
    "lesson_id",
    "lesson__tutor_id",
    "student_id",
    "status",
    "lesson__status",
    "lesson__starts_at",
    "lesson__ends_at",
    "lesson__created_at",
)


@dataclass(slots=True)
class Change:
    """What to do about one lesson of an account."""

    account: Account
    lesson_id: int
    reversed: list[AccountEntry]
    reason: Reason | None = None
    participation: Participation | None = None
    number: int = 1


@dataclass(slots=True)
class Decisions:
    """The decisions about late cancellations, and lessons that were cancelled by their students."""

    latest: dict[tuple[int, int], CancellationDecision] = field(default_factory=dict)
    cancelled_lessons: set[int] = field(default_factory=set)


def charge_due(accounts: Iterable[Account], now: datetime) -> int:
    """Bring the accounts up to date; return how many of their lessons were charged or reversed."""
    billed = [one for one in accounts if one.pk is not None and one.billed_from is not None]
    if not billed:
        return 0
    checked = [one.checked_at or one.billed_from for one in billed]
    since = min([now, *(at for at in checked if at)]) - LOOK_BACK
    relevant = Q(starts_at__gt=since) & (
        Q(starts_at__lte=now) | Q(status=Participant.Status.LATE_CANCELLED)
    )
    recent = Q(created_at__gt=since - EARLIEST_CHARGE, lesson__starts_at__gt=since)
    lessons: dict[Account, set[int]] = defaultdict(set)
    for change in _find_changes(billed, relevant, recent):
        lessons[change.account].add(change.lesson_id)
    return sum(charge_lessons(account, ids) for account, ids in lessons.items())


def charge_lessons(
    account: Account, lesson_ids: Collection[int], *, also_earlier: bool = False
) -> int:
    """Charge these lessons of an account, or reverse what was charged; `also_earlier`: even if they
    are older than its first rate or pack."""
    with transaction.atomic():
        account = lock_account(account)
        of_lessons = Q(lesson__in=lesson_ids)
        changes = _find_changes([account], of_lessons, of_lessons, also_earlier=also_earlier)
        prices = load_prices(account) if changes else None
        changed = 0
        for change in changes:
            for entry in change.reversed:
                reverse_entry(entry=entry, created_by=None)
                if prices is not None:
                    prices.give_back(entry)
            changed += bool(change.reversed)
            if prices is not None and change.reason is not None:
                changed += _charge(change, prices)
        return changed


def charge_lesson(lesson: Lesson) -> None:
    """Bring the accounts of a lesson's students up to date after a change of who came."""
    students = lesson.list_student_ids()
    accounts = Account.objects.filter(tutor=lesson.tutor_id, student__in=students)
    for account in accounts.order_by("pk"):
        if account.billed_from is not None:
            charge_lessons(account, [lesson.pk], also_earlier=True)


def charge_all(now: datetime) -> int:
    """The periodic job: charge the accounts of one tutor after the other, and note that everything
    until now has been looked at."""
    billed = Account.objects.exclude(billed_from=None).filter(student__isnull=False)
    changed = 0
    for tutor_id in billed.order_by().values_list("tutor_id", flat=True).distinct():
        accounts = list(billed.filter(tutor=tutor_id))
        changed += charge_due(accounts, now)
        Account.objects.filter(pk__in=[one.pk for one in accounts]).update(checked_at=now)
    return changed


def _charge(change: Change, prices: PriceList) -> int:
    reason, participation = change.reason, change.participation
    assert reason is not None and participation is not None  # noqa: S101, PT018
    price = prices.take(reason.percent, participation.starts_at, participation.ends_at)
    if price is None:
        return 0
    AccountEntry.objects.create(
        account=change.account,
        kind=reason.kind,
        unit=price.unit,
        amount=-price.amount,
        lesson_id=change.lesson_id,
        charge_number=change.number,
        decision_id=reason.decision_id,
        pack=price.pack,
        note="" if reason.percent == 100 else f"{reason.percent} %",
    )
    return 1


def _find_changes(
    accounts: Sequence[Account], relevant: Q, recent: Q, *, also_earlier: bool = False
) -> list[Change]:
    """Compare what is due with what was charged, by the start of the lessons.

    `relevant` chooses participants, `recent` chooses charges.
    """
    by_people = {(one.tutor_id, one.student_id or 0): one for one in accounts}
    participations = _load_participations(by_people, relevant)
    charges = _load_charges(accounts, recent)
    if missing := {lesson for _pk, lesson in charges.keys() - participations.keys()}:
        others = _load_participations(by_people, Q(lesson__in=missing))
        participations.update({key: others[key] for key in charges.keys() & others.keys()})
    decisions = _load_decisions(participations.values())
    policies: dict[int, list[CancellationPolicy]] = {}
    by_pk = {one.pk: one for one in accounts}
    changes = []
    for key in participations.keys() | charges.keys():
        account, participation = by_pk[key[0]], participations.get(key)
        made = charges.get(key, [])
        if participation is None:  # taken out of the lesson, so nothing but a decision stands
            gone = [one for one in made if one.kind != Kind.LATE_CANCELLATION]
            if active := _active(gone):
                changes.append(Change(account, key[1], active))
            continue
        reason = _find_reason(participation, decisions, policies)
        change = _compare(account, participation, made, reason)
        if change is None:
            continue
        if not made and not also_earlier and not _is_billed(account, participation, decisions):
            continue
        changes.append(change)
    return sorted(changes, key=_order)


def _order(change: Change) -> tuple[bool, datetime, int]:
    starts_at = change.participation.starts_at if change.participation else timezone.now()
    return (change.participation is not None, starts_at, change.lesson_id)


def _compare(
    account: Account,
    participation: Participation,
    made: list[AccountEntry],
    reason: Reason | None,
) -> Change | None:
    """None if nothing is to be done. A charge that a person has reversed stays reversed as long as
    its reason is the same."""
    active, number = _active(made), _next_number(account, made)
    wanted = (reason.kind, reason.decision_id) if reason else None
    matching = [one for one in active if (one.kind, one.decision_id) == wanted]
    surplus = [one for one in active if one not in matching[-1:]]
    if matching:
        reason = None
    elif reason is not None and made:
        last = max(made, key=lambda one: one.pk)
        reversal = getattr(last, "reversal", None)
        is_waived = reversal is not None and reversal.created_by_id is not None
        if is_waived and (last.kind, last.decision_id) == wanted:
            reason = None
    if reason is None and not surplus:
        return None
    return Change(account, participation.lesson_id, surplus, reason, participation, number)


def _active(made: list[AccountEntry]) -> list[AccountEntry]:
    return [one for one in made if getattr(one, "reversal", None) is None]


def _next_number(account: Account, made: list[AccountEntry]) -> int:
    """Numbers are counted in each account; those of a merged one are not this one's."""
    return 1 + max(
        (one.charge_number or 0 for one in made if one.account_id == account.pk), default=0
    )


def _is_billed(account: Account, one: Participation, decisions: Decisions) -> bool:
    since = account.billed_from
    if since is None:
        return False
    decision = decisions.latest.get((one.lesson_id, one.student_id))
    decided_at = decision.decided_at if decision else since - timedelta(1)
    return max(one.created_at, one.ends_at, decided_at) >= since


def _find_reason(
    one: Participation, decisions: Decisions, policies: dict[int, list[CancellationPolicy]]
) -> Reason | None:
    is_cancelled = one.lesson_status == Lesson.Status.CANCELLED
    if one.status == Participant.Status.LATE_CANCELLED:
        # A cancellation of the lesson by the tutor costs nothing.
        by_tutor = is_cancelled and one.lesson_id not in decisions.cancelled_lessons
        decision = decisions.latest.get((one.lesson_id, one.student_id))
        if decision is None or not decision.charge_percent or by_tutor:
            return None
        return Reason(Kind.LATE_CANCELLATION, decision.charge_percent, decision.pk)
    if is_cancelled or one.status == Participant.Status.CANCELLED:
        return None
    if one.status == Participant.Status.NO_SHOW:
        percent = _no_show_percent(one, policies)
        return Reason(Kind.NO_SHOW, percent) if percent else None
    is_held = one.lesson_status == Lesson.Status.COMPLETED
    is_held = is_held or one.status == Participant.Status.ATTENDED
    return Reason(Kind.LESSON, 100) if is_held else None


def _no_show_percent(one: Participation, policies: dict[int, list[CancellationPolicy]]) -> int:
    if one.tutor_id not in policies:
        versions = CancellationPolicy.objects.filter(tutor=one.tutor_id)
        policies[one.tutor_id] = list(versions.order_by("-created_at"))
    in_force = (each for each in policies[one.tutor_id] if each.created_at <= one.created_at)
    return next(in_force, CancellationPolicy()).no_show_charge_percent


def _load_participations(
    by_people: dict[tuple[int, int], Account], relevant: Q
) -> dict[tuple[int, int], Participation]:
    """By account and lesson."""
    rows = Participant.objects.filter(
        relevant,
        lesson__tutor__in={tutor for tutor, _student in by_people},
        student__in={student for _tutor, student in by_people},
    ).order_by()
    found = (Participation(*row) for row in rows.values_list(*_COLUMNS))
    return {
        (by_people[people].pk, one.lesson_id): one
        for one in found
        if (people := (one.tutor_id, one.student_id)) in by_people
    }


def _load_charges(
    accounts: Sequence[Account], recent: Q
) -> dict[tuple[int, int], list[AccountEntry]]:
    """By account and lesson, those of merged accounts with the account they are merged into."""
    pks = [one.pk for one in accounts]
    of_accounts = Q(account__in=pks) | Q(account__merged_into__in=pks)
    rows = AccountEntry.objects.filter(of_accounts, recent, charge_number__isnull=False)
    found = defaultdict(list)
    for entry in rows.select_related("account", "reversal").order_by("pk"):
        if entry.lesson_id is not None:
            account = entry.account.merged_into_id or entry.account_id
            found[account, entry.lesson_id].append(entry)
    return found


def _load_decisions(participations: Iterable[Participation]) -> Decisions:
    late = [
        one.lesson_id for one in participations if one.status == Participant.Status.LATE_CANCELLED
    ]
    decisions = Decisions()
    if late:
        for decision in CancellationDecision.objects.filter(lesson__in=late).order_by("pk"):
            decisions.latest[decision.lesson_id, decision.student_id] = decision
            if decision.cancelled_lesson:
                decisions.cancelled_lessons.add(decision.lesson_id)
    return decisions
