"""Functions that make users, classrooms and lessons for tests."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from django.http import HttpResponse
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.billing.accounts import get_account
from apps.billing.models import PaymentRequest
from apps.billing.payments.payees import save_payee
from apps.billing.payments.payers import save_payer
from apps.billing.payments.requests import create_request
from apps.classroom.services import get_or_create_session
from apps.classrooms.models import Classroom, Membership
from apps.classrooms.students import add_student
from apps.lessons.models import Lesson, LessonSeries
from apps.lessons.series.services import SeriesPlan, create_series

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
PASSWORD = "a-long-pass-phrase-7"
AUTH = "/_allauth/app/v1/auth"
_numbers = count(1)


def make_user(role: str, first_name: str = "", last_name: str = "", **fields: object) -> User:
    number = next(_numbers)
    fields.setdefault("email", f"{role}{number}@school.example")
    return User.objects.create_user(
        password=None,
        first_name=first_name or role.title(),
        last_name=last_name or f"Number{number:04}",
        role=role,
        **fields,
    )


def make_placeholder(
    classroom: Classroom, last_name: str = "", email: str = "", **contacts: str
) -> User:
    return add_student(
        classroom=classroom,
        first_name="Софія",
        last_name=last_name or f"Number{next(_numbers):04}",
        email=email,
        contacts=contacts,
    )


def make_classroom(tutor: User, *students: User, name: str = "Algebra") -> Classroom:
    classroom = Classroom.objects.create(tutor=tutor, name=name)
    for student in students:
        make_membership(classroom, student)
    return classroom


def make_membership(classroom: Classroom, student: User, status: str = "active") -> Membership:
    return Membership.objects.create(
        classroom=classroom, student=student, status=status, joined_at=NOON - 30 * 24 * HOUR
    )


def make_lesson(
    tutor: User,
    student: User,
    starts_at: datetime = NOON,
    length: timedelta = HOUR,
    **fields: object,
) -> Lesson:
    """Create a lesson with its session, in a classroom that the two share or a new one."""
    shared = Classroom.objects.filter(tutor=tutor, memberships__student=student).first()
    lesson = Lesson.objects.create(
        tutor=tutor,
        student=student,
        classroom=shared or make_classroom(tutor, student),
        starts_at=starts_at,
        ends_at=starts_at + length,
        **fields,
    )
    get_or_create_session(lesson_id=lesson.pk)
    return lesson


def make_series(tutor: User, *students: User, **fields: object) -> LessonSeries:
    """Create a series of four weekly lessons in Kyiv, in the evening of the days after NOON."""
    wanted = {
        "student_ids": [student.pk for student in students],
        "starts_at": datetime.fromisoformat("2026-03-03T18:00"),
        "duration_minutes": 60,
        "rrule": "FREQ=WEEKLY;COUNT=4",
        "timezone": "Europe/Kyiv",
        **fields,
    }
    return create_series(tutor=tutor, wanted=SeriesPlan(**wanted))


def without_year(text: str) -> str:
    """Dates in words name the year if it is not the present one, which tests do not know."""
    return re.sub(r"(?<=[^\W\d]) \d{4}(?=,)", "", text)


def sign_up(**changes: object) -> HttpResponse:
    """Sign up through allauth's headless API."""
    sent = {
        "email": "new@school.example",
        "password": PASSWORD,
        "first_name": "Нова",
        "last_name": "Людина",
        "role": "tutor",
        **changes,
    }
    return APIClient().post(f"{AUTH}/signup", sent)


def bearer(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def make_bill(tutor: User, student: User) -> PaymentRequest:
    """Create an open request for payment, with bank details and a payer."""
    save_payee(
        tutor=tutor,
        currency="UAH",
        name="ФОП Вчитель Тарас",
        iban="UA213223130000026007233566001",
        tax_id="1234567890",
        purpose="Оплата за уроки, {student}, {number}",
    )
    account = get_account(tutor, student)
    payer = save_payer(tutor=tutor, name="Марія Коваль", email="m@x.example", accounts=[account])
    amounts = {account: Decimal("1200.00")}
    return create_request(
        tutor=tutor, currency="UAH", amounts=amounts, month="листопад", payer=payer
    )
