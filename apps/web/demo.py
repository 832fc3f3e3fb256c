"""The school that a first start makes, so that there is something to look at."""

import secrets
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.classrooms.models import Classroom
from apps.classrooms.services import join_classroom
from apps.lessons.services import schedule_lesson

STUDENTS = [("Олена", "Коваль"), ("Андрій", "Шевчук"), ("Софія", "Мельник")]
# (student, day of the week, hour in Kyiv, title)
WEEK = [
    (0, 0, 15, "Дроби"),
    (1, 1, 16, "Рівняння"),
    (2, 2, 17, "Функції"),
    (0, 3, 15, "Відсотки"),
    (1, 4, 16, "Геометрія"),
]


@transaction.atomic
def make_demo_school() -> list[tuple[str, str]]:
    """Makes it when the database has no person yet; the e-mails and made-up passwords to sign in
    with, or nothing when there was somebody."""
    if User.objects.exists():
        return []
    passwords: list[tuple[str, str]] = []

    def person(role: str, first_name: str, last_name: str, email: str) -> User:
        password = secrets.token_urlsafe(9)
        passwords.append((email, password))
        return User.objects.create_user(
            email, password, role=role, first_name=first_name, last_name=last_name
        )

    tutor = person("tutor", "Тарас", "Грушевський", "tutor@kreida.example")
    students = [
        person("student", first, last, f"student{number}@kreida.example")
        for number, (first, last) in enumerate(STUDENTS, 1)
    ]
    classroom = Classroom.objects.create(tutor=tutor, name="Математика, 7 клас")
    for student in students:
        join_classroom(student=student, join_code=classroom.join_code)
    today = timezone.now().astimezone(tutor.zone).date()
    monday = today - timedelta(days=today.weekday())
    for week in (0, 7):
        for number, day, hour, title in WEEK:
            start = datetime.combine(monday + timedelta(days=week + day), time(hour), tutor.zone)
            schedule_lesson(
                tutor=tutor,
                student_id=students[number].pk,
                starts_at=start,
                ends_at=start + timedelta(hours=1),
                title=title,
            )
    return passwords
