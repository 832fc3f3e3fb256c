"""The school that a first start makes, so that there is something to look at."""

import secrets
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.classrooms.models import Classroom
from apps.classrooms.services import invite_to_classroom, join_classroom
from apps.lessons.models import Lesson
from apps.lessons.services import cancel_lesson, schedule_lesson
from apps.web.clocks import instant_at

STUDENTS = [
    ("Олена", "Коваль", "Europe/Kyiv", "uk"),
    ("Максим", "Бондар", "Europe/Warsaw", "uk"),
    ("Софія", "Мельник", "Europe/Kyiv", "uk"),
    ("Daniel", "Okafor", "Europe/London", "en"),
    ("Ірина", "Шевчук", "America/Toronto", "uk"),
]
# Weekday (Monday is 0), hour, minutes, student, title; by the tutor's clock.
WEEK = [
    (0, 10, 60, 0, "Похідна: перші кроки"),
    (0, 15, 45, 2, "Вектори"),
    (1, 11, 60, 1, "Логарифми"),
    (1, 16, 90, 3, "Trigonometry"),
    (2, 10, 60, 0, "Похідна складеної функції"),
    (2, 17, 60, 4, "Підготовка до олімпіади"),
    (3, 12, 60, 2, "Площина і пряма"),
    (3, 15, 60, 1, "Логарифмічні рівняння"),
    (4, 10, 60, 0, "Дослідження функції"),
    (4, 16, 60, 3, "Limits"),
]


@transaction.atomic
def make_demo_school() -> list[tuple[str, str]]:
    """Makes it when the database has no person yet; the e-mails and made-up passwords to sign in
    with, or nothing when there was somebody."""
    if User.objects.exists():
        return []
    passwords: list[tuple[str, str]] = []

    def person(role: str, email: str, *about: str) -> User:
        first_name, last_name, zone, locale = about
        password = secrets.token_urlsafe(9)
        passwords.append((email, password))
        return User.objects.create_user(
            email,
            password,
            role=role,
            first_name=first_name,
            last_name=last_name,
            timezone=zone,
            locale=locale,
        )

    tutor = person("tutor", "tutor@kreida.example", "Тарас", "Грушевський", "Europe/Kyiv", "uk")
    students = [
        person("student", f"student{number}@kreida.example", *about)
        for number, about in enumerate(STUDENTS, 1)
    ]
    algebra = Classroom.objects.create(tutor=tutor, name="Алгебра, 10 клас")
    abroad = Classroom.objects.create(tutor=tutor, name="Математика за кордоном")
    for student in students:
        classroom = algebra if student.timezone == tutor.timezone else abroad
        join_classroom(student=student, join_code=classroom.join_code)
    invite_to_classroom(classroom=algebra, email="andriy@kreida.example")
    _schedule_week(tutor, students, timezone.now())
    return passwords


def _schedule_week(tutor: User, students: list[User], now: datetime) -> None:
    today = tutor.local(now).date()
    monday = today - timedelta(days=today.weekday())
    for weekday, hour, minutes, student, title in WEEK:
        start = instant_at(monday + timedelta(days=weekday), time(hour), tutor.zone)
        if start is not None:
            lesson = _lesson(tutor, students[student], start, minutes, title)
            if lesson.ends_at < now:
                lesson.status = Lesson.Status.COMPLETED
                lesson.save(update_fields=["status"])
    friday_evening = instant_at(monday + timedelta(days=4), time(18), tutor.zone)
    if friday_evening is not None:
        called_off = _lesson(tutor, students[4], friday_evening, 60, WEEK[5][4])
        cancel_lesson(lesson=called_off, reason="Захворіла, перенесемо")


def _lesson(tutor: User, student: User, start: datetime, minutes: int, title: str) -> Lesson:
    return schedule_lesson(
        tutor=tutor,
        student_id=student.pk,
        starts_at=start,
        ends_at=start + timedelta(minutes=minutes),
        title=title,
    )
