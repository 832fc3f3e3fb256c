"""Every row that is about a person, by table; a test fails for a new table that is not listed.

Left out are secrets, what is derived from other columns, and tutors' private notes on a student,
which their pages promise to show to nobody else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Field, Manager, Model, Q, QuerySet

from apps.accounts.models import User

# By table: paths to the person, on rows that are about nobody else or about what they share.
PATHS: dict[str, tuple[str, ...]] = {
    "account.EmailAddress": ("user",),
    "mfa.Authenticator": ("user",),
    "usersessions.UserSession": ("user",),
    "accounts.Erasure": ("user",),
    "accounts.NotificationSettings": ("user",),
    "accounts.ReminderTime": ("owner__user",),
    "accounts.PushSubscription": ("user",),
    "accounts.TelegramChat": ("user",),
    "accounts.TutorBlock": ("student",),
    "accounts.User": ("pk", "placeholder_of"),
    "classrooms.Classroom": ("tutor",),
    "classrooms.Membership": ("student", "classroom__tutor"),
    "classrooms.StudentCard": ("student", "tutor"),
    "classroom.ClassroomSession": ("lesson__tutor",),
    "lessons.Holiday": ("tutor",),
    "lessons.LessonSeries": ("tutor", "students"),
    "lessons.Lesson": ("tutor", "participants__student"),
    "lessons.Participant": ("student",),
    "lessons.Reminder": ("user",),
    "billing.Account": ("student", "tutor"),
    "billing.AccountEntry": ("account__student", "account__tutor"),
    "billing.Rate": ("account__student", "account__tutor"),
    "billing.Pack": ("account__student", "account__tutor"),
    "billing.CancellationPolicy": ("tutor",),
    "billing.PolicyAcceptance": ("student",),
    "billing.CancellationDecision": ("student", "policy__tutor"),
    "billing.PayeeDetails": ("tutor",),
    "billing.Payer": ("tutor",),
    "billing.PaymentRequest": ("tutor", "items__account__student"),
    "billing.BankLine": ("tutor",),
    "billing.ClosedMonth": ("tutor",),
    "booking.Availability": ("tutor",),
    "booking.AvailabilityWindow": ("availability__tutor",),
    "booking.ExternalCalendar": ("tutor",),
    "booking.StudentHours": ("student",),
    "booking.BookingPage": ("tutor",),
    "booking.FirstLessonRequest": ("tutor",),
}
# Rooms know people by keys, since guests have no account.
KEYED = ("classroom.Attendance", "classroom.BoardFile", "classroom.ChatMessage")
# Rows that point at a person and are left out, and why.
LEFT_OUT = {
    "admin.LogEntry": "what an administrator did",
    "accounts.TelegramCode": "a secret of ten minutes",
    "lessons.CalendarFeed": "a secret address",
    "lessons.LessonChange": "what undoing a change needs, for some minutes",
    "lessons.SeriesStudent": "in the series",
    "billing.BankFile": "the lines are exported",
    "booking.SlotHold": "a reservation of some minutes",
}
_SECRET = {
    *("password", "search_text", "sort_key", "idempotency_key", "idempotency_digest", "token"),
    *("session_key", "password_digest", "p256dh", "auth", "digest", "join_code", "claim", "key"),
    *("etag", "endpoint", "page_url", "invoice_id", "locked_pages"),
}
_SECRET_OF = {"mfa.Authenticator": {"data"}, "usersessions.UserSession": {"data"}}


@dataclass(frozen=True)
class Table:
    label: str  # "lessons.Lesson"
    columns: list[str]
    rows: list[list[Any]]


def collect(person: User) -> Iterator[Table]:
    for label, paths in PATHS.items():
        yield _table(label, _rows_of(label, paths, person), person)
    for label in KEYED:
        model = apps.get_model(label)
        yield _table(label, model._base_manager.filter(person=f"u{person.pk}"), person)


def _rows_of(label: str, paths: tuple[str, ...], person: User) -> QuerySet[Any]:
    """Rows of other people are not read along: of `accounts.User` the person's own, and the
    students whom a tutor has added."""
    condition = Q()
    for path in paths:
        condition |= Q(**{path: person.pk})
    manager: Manager[Any] = apps.get_model(label)._base_manager
    return manager.filter(pk__in=manager.filter(condition).values("pk"))


def _table(label: str, rows: QuerySet[Any], person: User) -> Table:
    fields = list(_fields(rows.model, label, person))
    columns = [field.attname for field in fields]
    values = rows.order_by("pk").values_list(*columns)
    return Table(label, columns, [list(row) for row in values])


def _fields(model: type[Model], label: str, person: User) -> Iterator["Field[Any, Any]"]:
    secret = _SECRET | _SECRET_OF.get(label, set())
    if label == "classrooms.StudentCard" and person.is_student:
        secret = secret | {"note"}
    for field in model._meta.concrete_fields:
        if field.name not in secret and field.get_internal_type() != "BinaryField":
            yield field


def names_of(tables: list[Table]) -> dict[int, str]:
    """The names of the people whom the rows name by id."""
    ids = {
        row[index]
        for table in tables
        for index in _person_columns(table)
        for row in table.rows
        if row[index] is not None
    }
    people = User.objects.filter(pk__in=ids).only("first_name", "last_name")
    return {person.pk: person.get_full_name() for person in people}


def _person_columns(table: Table) -> list[int]:
    model = apps.get_model(table.label)
    related = {
        field.attname for field in model._meta.concrete_fields if field.related_model is User
    }
    return [index for index, name in enumerate(table.columns) if name in related]
