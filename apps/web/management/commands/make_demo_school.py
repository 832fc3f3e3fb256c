"""Creates demo data in a database without users."""

import secrets
from datetime import datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.classrooms.models import Classroom
from apps.classrooms.services import invite_to_classroom, join_classroom
from apps.classrooms.students import add_student
from apps.common.mail import suppressed
from apps.lessons.models import Lesson, LessonSeries
from apps.lessons.series.services import SeriesPlan, create_series
from apps.lessons.services import cancel_lesson, schedule_lesson
from apps.web.shared.local_time import local_to_utc

DOMAIN = "demo.kreida.example"
STUDENTS = [
    ("olena", "Олена", "Коваль", "Europe/Kyiv", "uk"),
    ("maksym", "Максим", "Бондар", "Europe/Warsaw", "uk"),
    ("sofia", "Софія", "Мельник", "Europe/Kyiv", "uk"),
    ("daniel", "Daniel", "Okafor", "Europe/London", "en"),
    ("iryna", "Ірина", "Шевчук", "America/Toronto", "uk"),
]
# Of a student who has not signed up.
PLACEHOLDER_CONTACTS = {
    "guardian_name": "Наталія Левченко",
    "guardian_phone": "+380 67 000 00 00",
    "level": "10 клас",
    "note": "Почне з наступного тижня.",
}
# Weekday (Monday is 0), hour in the tutor's time zone, minutes, indexes of the students, title.
WEEK = [
    (0, 10, 60, (0,), "Похідна: перші кроки"),
    (0, 15, 45, (2,), "Вектори"),
    (1, 11, 60, (1,), "Логарифми"),
    (1, 16, 90, (3,), "Trigonometry"),
    (2, 10, 60, (0,), "Похідна складеної функції"),
    (2, 17, 60, (4, 1, 3), "Підготовка до олімпіади"),
    (3, 12, 60, (2,), "Площина і пряма"),
    (3, 15, 60, (1,), "Логарифмічні рівняння"),
    (4, 10, 60, (0,), "Дослідження функції"),
    (4, 16, 60, (3,), "Limits"),
]


class Command(BaseCommand):
    help = "Create a tutor, students and this week's lessons, if the database has no users."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            return
        with suppressed():
            people = make_demo_school(timezone.now())
        self.stdout.write("A demo school is ready. Sign in as")
        for user, password in people[:2]:
            self.stdout.write(f"  {user.role:8} {user.email}  {password}")


@transaction.atomic
def make_demo_school(now: datetime) -> list[tuple[User, str]]:
    """Return the tutor and the students with their generated passwords, which are not stored."""
    tutor = _create_user("tutor", "tutor", "Тарас", "Вчитель", "Europe/Kyiv", "uk")
    students = [_create_user("student", *row) for row in STUDENTS]
    algebra = Classroom.objects.create(tutor=tutor[0], name="Алгебра, 10 клас")
    abroad = Classroom.objects.create(tutor=tutor[0], name="Математика за кордоном")
    for user, _password in students:
        classroom = algebra if user.timezone == "Europe/Kyiv" else abroad
        join_classroom(student=user, join_code=classroom.join_code)
    add_student(
        classroom=algebra, first_name="Марко", last_name="Левченко", contacts=PLACEHOLDER_CONTACTS
    )
    invite_to_classroom(classroom=algebra, email=f"andriy@{DOMAIN}")
    people = [user for user, _password in students]
    _schedule_week(tutor[0], people, now)
    _schedule_series(tutor[0], [people[0], people[2]], now)
    return [tutor, *students]


def _create_user(role: str, *fields: str) -> tuple[User, str]:
    name, first_name, last_name, zone, locale = fields
    password = secrets.token_urlsafe(9)
    user = User.objects.create_user(
        f"{name}@{DOMAIN}",
        password,
        first_name=first_name,
        last_name=last_name,
        role=role,
        timezone=zone,
        locale=locale,
    )
    return user, password


def _schedule_week(tutor: User, students: list[User], now: datetime) -> None:
    today = tutor.to_local_time(now).date()
    monday = today - timedelta(days=today.weekday())
    for weekday, hour, minutes, indexes, title in WEEK:
        start = local_to_utc(monday + timedelta(days=weekday), time(hour), tutor.zone)
        if start is not None:
            lesson = _schedule(tutor, [students[n] for n in indexes], start, minutes, title)
            if lesson.ends_at < now:
                lesson.status = Lesson.Status.COMPLETED
                lesson.save(update_fields=["status"])
    friday_evening = local_to_utc(monday + timedelta(days=4), time(18), tutor.zone)
    if friday_evening is not None:
        cancelled = _schedule(tutor, [students[4]], friday_evening, 60, WEEK[5][4])
        cancel_lesson(lesson=cancelled, reason="Захворіла, перенесемо")


def _schedule(
    tutor: User, students: list[User], start: datetime, minutes: int, title: str
) -> Lesson:
    return schedule_lesson(
        tutor=tutor,
        student_ids=[student.pk for student in students],
        starts_at=start,
        ends_at=start + timedelta(minutes=minutes),
        title=title,
    )


def _schedule_series(tutor: User, students: list[User], now: datetime) -> None:
    """A group on Tuesdays from this week on, without end."""
    today = tutor.to_local_time(now).date()
    tuesday = today - timedelta(days=today.weekday() - 1)
    series = create_series(
        tutor=tutor,
        wanted=SeriesPlan(
            student_ids=[student.pk for student in students],
            starts_at=datetime.combine(tuesday, time(18)),
            duration_minutes=60,
            rrule="FREQ=WEEKLY",
            timezone=tutor.timezone,
            title="Підготовка до НМТ",
            board_mode=LessonSeries.BoardMode.CARRIED,
        ),
    )
    series.lessons.filter(ends_at__lt=now).update(status=Lesson.Status.COMPLETED)
