"""Creates objects in the database of a running server: one JSON request and one answer per line.

It is a separate process, since the database of the tests' process is pytest's. `DATA_DIR` is the
server's.
"""

import json
import os
import sys
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from apps.accounts.models import User  # noqa: E402
from apps.accounts.notifications.unsubscribing import make_unsubscribe_url  # noqa: E402
from apps.accounts.placeholders import make_student_link  # noqa: E402
from apps.billing.accounts import get_account, set_rate  # noqa: E402
from apps.billing.cancellations import record_participation  # noqa: E402
from apps.billing.ledger import append_entry  # noqa: E402
from apps.billing.models import BankLine, CancellationPolicy  # noqa: E402
from apps.billing.payments.bank.lines import confirm_for_student, import_rows  # noqa: E402
from apps.billing.payments.bank.reader import read_bank_file  # noqa: E402
from apps.booking.availability import AvailabilityPlan, replace_availability  # noqa: E402
from apps.booking.models import BookingPage, ExternalCalendar, FirstLessonRequest  # noqa: E402
from apps.classrooms.models import Classroom  # noqa: E402
from apps.lessons.invites import make_invite  # noqa: E402
from apps.lessons.models import Lesson, Participant  # noqa: E402
from apps.lessons.services import cancel_lesson, reschedule_lesson, revoke_invites  # noqa: E402
from tests import builders as build  # noqa: E402


def person(role: str, **fields: Any) -> dict[str, Any]:
    """Create a user with a session, so that tests need no sign-in, which hashes a password."""
    user = build.make_user(role, **fields)
    client = Client()
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return {"id": user.pk, "email": user.email, "session": session}


def classroom(tutor: int, students: list[int], name: str = "Algebra") -> dict[str, Any]:
    people = [User.objects.get(pk=pk) for pk in students]
    made = build.make_classroom(User.objects.get(pk=tutor), *people, name=name)
    return {"id": made.pk, "code": made.join_code}


def placeholder(classroom_id: int, **fields: Any) -> dict[str, Any]:
    """Add a student without an account, and return the path of the student link."""
    made = build.make_placeholder(Classroom.objects.get(pk=classroom_id), **fields)
    link = make_student_link(made, timezone.now())
    return {"id": made.pk, "path": urlsplit(link.url).path}


def unsubscribe_link(user: int) -> dict[str, Any]:
    return {"path": urlsplit(make_unsubscribe_url(User.objects.get(pk=user))).path}


def series(tutor: int, students: list[int], **fields: Any) -> dict[str, Any]:
    """Create a series from three days ahead on; also returns the ids of its lessons."""
    people = [User.objects.get(pk=pk) for pk in students]
    day = timezone.localdate() + timedelta(days=3)
    start = datetime.combine(day, time(18))  # wall-clock time
    made = build.make_series(User.objects.get(pk=tutor), *people, starts_at=start, **fields)
    lessons = list(made.lessons.in_order().values_list("pk", flat=True))
    return {"id": made.pk, "lessons": lessons}


def bill(tutor: int, student: int) -> dict[str, Any]:
    """Create a request for payment, a payment from the bank to be matched, and one in October 2025
    that was matched."""
    me, pupil = User.objects.get(pk=tutor), User.objects.get(pk=student)
    made = build.make_bill(me, pupil)
    text = "Дата;Сума;Призначення\n24.11.2025;1200;KR-1\n10.10.2025;500;Уроки\n"
    import_rows(me, read_bank_file(text.encode()).rows)
    account = made.items.get().account
    old = BankLine.objects.get(tutor=me, amount=Decimal(500))
    confirm_for_student(line=old, account=account, tutor=me)
    pay = {"account": account, "kind": "adjustment", "unit": "UAH", "amount": Decimal(-900)}
    entry = append_entry(**pay, note="Підручник")
    return {
        "id": made.pk,
        "entry": entry.pk,
        "path": f"/pay/{made.token}/",
        "payer": made.payer_id,
        "account": account.pk,
    }


def availability(tutor: int, **settings: Any) -> dict[str, Any]:
    """Offer 15:00 to 19:00 every day, with an external calendar, and a public page
    on which a newcomer has asked for a first lesson."""
    owner = User.objects.get(pk=tutor)
    weekly = {day: [(15 * 60, 19 * 60)] for day in range(7)}
    lengths = settings.pop("lesson_minutes", [60])
    plan = AvailabilityPlan(owner.timezone, weekly, lesson_minutes=lengths, settings=settings)
    replace_availability(tutor=owner, plan=plan)
    ExternalCalendar.objects.create(
        tutor=owner, name="Google", url="https://calendar.example/a.ics", error="unreachable"
    )
    slug = f"tutor-{tutor}"
    BookingPage.objects.create(tutor=owner, slug=slug, is_open=True, about="Алгебра, 5–11 класи.")
    start = timezone.now() + timedelta(days=2)
    asked = FirstLessonRequest.objects.create(
        tutor=owner,
        first_name="Нова",
        last_name="Людина",
        email="new@home.example",
        timezone="Europe/London",
        starts_at=start,
        ends_at=start + timedelta(hours=1),
    )
    return {"slug": slug, "newcomer": asked.pk}


def policy(tutor: int, **fields: Any) -> dict[str, Any]:
    """Create a version of the tutor's policy by which students may cancel."""
    chosen = {"students_may_cancel": True, **fields}
    made = CancellationPolicy.objects.create(tutor_id=tutor, **chosen)
    return {"id": made.pk}


def pack(tutor: int, student: int, lessons: int = 8, **fields: Any) -> dict[str, Any]:
    account = get_account(User.objects.get(pk=tutor), User.objects.get(pk=student))
    amount = Decimal(lessons)
    entry = append_entry(account=account, kind="pack", unit="lesson", amount=amount, **fields)
    return {"id": entry.pack_id}


def rate(tutor: int, student: int, amount: int, per: str = "lesson") -> dict[str, Any]:
    account = get_account(User.objects.get(pk=tutor), User.objects.get(pk=student))
    now = timezone.now()
    set_rate(account=account, amount=Decimal(amount), currency="UAH", per=per, now=now)
    return {}


def record(lesson_id: int, student: int, status: str) -> dict[str, Any]:
    """Record that the student came or not, which charges the lesson."""
    found = Lesson.objects.get(pk=lesson_id)
    record_participation(lesson=found, student_id=student, status=status, now=timezone.now())
    return {}


def invitation(classroom_id: int, student: int) -> dict[str, Any]:
    room, user = Classroom.objects.get(pk=classroom_id), User.objects.get(pk=student)
    return {"id": build.make_membership(room, user, "invited").pk}


def lesson(tutor: int, student: int, starts_at: str, minutes: int = 60, **fields: Any) -> Any:
    people = (User.objects.get(pk=tutor), User.objects.get(pk=student))
    start, length = datetime.fromisoformat(starts_at), timedelta(minutes=minutes)
    return {"id": build.make_lesson(*people, start, length, **fields).pk}


def add_participant(lesson_id: int, student: int) -> dict[str, Any]:
    Participant.objects.create(lesson_id=lesson_id, student_id=student)
    return {}


def lesson_state(lesson_id: int) -> dict[str, Any]:
    found = Lesson.objects.get(pk=lesson_id)
    return {"starts_at": found.starts_at.isoformat(), "status": found.status}


def move(lesson_id: int, starts_at: str) -> dict[str, Any]:
    """Reschedule a lesson as if in another tab."""
    found = Lesson.objects.get(pk=lesson_id)
    start = datetime.fromisoformat(starts_at)
    times = {"starts_at": start, "ends_at": start + (found.ends_at - found.starts_at)}
    reschedule_lesson(tutor=found.tutor, lesson=found, **times)
    return {}


def invite(lesson_id: int, made: int = 0, ttl: int = 3600) -> dict[str, Any]:
    """Return the path of an invite link that was created `made` seconds ago."""
    found = Lesson.objects.get(pk=lesson_id)
    now = timezone.now() - timedelta(seconds=made)
    return {"path": f"/invite/{make_invite(lesson=found, ttl_seconds=ttl, now=now).token}"}


def revoke(lesson_id: int) -> dict[str, Any]:
    revoke_invites(lesson_id=lesson_id)
    return {}


def cancel(lesson_id: int) -> dict[str, Any]:
    cancel_lesson(lesson=Lesson.objects.get(pk=lesson_id))
    return {}


COMMANDS = {
    made.__name__: made
    for made in (
        *(person, classroom, placeholder, invitation, unsubscribe_link),
        *(policy, pack, rate, record, availability),
        *(bill, series, lesson, add_participant, lesson_state, move, invite, revoke, cancel),
    )
}


def main() -> None:
    for line in sys.stdin:
        name, arguments = json.loads(line)
        sys.stdout.write(json.dumps(COMMANDS[name](**arguments)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
