"""What a cancellation policy says about one lesson at one moment: pure functions of instants."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.billing.models import CancellationDecision, CancellationPolicy

Outcome = CancellationDecision.Outcome


@dataclass(frozen=True, slots=True)
class Terms:
    """`free_late_left` counts what is left before this cancellation. `is_refused`: the policy lets
    no student cancel the lesson, or no longer."""

    free_until: datetime
    charge_percent: int
    is_late: bool
    is_refused: bool
    uses_free_late: bool
    free_late_left: int
    period_ends_at: datetime

    @property
    def outcome(self) -> Outcome:
        return Outcome.CHARGED if self.charge_percent else Outcome.FREE


def find_terms(
    policy: CancellationPolicy,
    starts_at: datetime,
    now: datetime,
    *,
    used: int,
    has_no_fault: bool = False,
    is_request: bool = False,
) -> Terms:
    """`used` are the free late cancellations used in the current period. A request that the tutor
    has not confirmed (`is_request`) is taken back free of charge."""
    free_until = starts_at - timedelta(minutes=policy.free_until_minutes)
    left = max(0, policy.free_late_cancellations - used)
    is_late = now > free_until and not is_request
    is_charged = is_late and not has_no_fault and policy.late_charge_percent > 0
    uses_free_late = is_charged and left > 0
    return Terms(
        free_until=free_until,
        charge_percent=policy.late_charge_percent if is_charged and not uses_free_late else 0,
        is_late=is_late,
        is_refused=not policy.students_may_cancel or now >= starts_at,
        uses_free_late=uses_free_late,
        free_late_left=left,
        period_ends_at=find_period(policy, now)[1],
    )


def find_period(policy: CancellationPolicy, now: datetime) -> tuple[datetime, datetime]:
    """Periods of free late cancellations follow each other from the version's beginning."""
    length = timedelta(days=policy.free_late_period_days)
    start = policy.created_at + (now - policy.created_at) // length * length
    return start, start + length
