from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.billing.models import CancellationPolicy
from apps.classrooms.models import Classroom
from apps.lessons.models import Lesson
from tests.builders import HOUR, make_lesson

POLICY = {
    "students_may_cancel": True,
    "free_until_minutes": 1440,
    "late_charge_percent": 100,
    "no_show_charge_percent": 100,
    "free_late_cancellations": 0,
    "free_late_period_days": 30,
    "no_fault_reasons": ["illness"],
}


@pytest.fixture
def set_policy(tutor: User) -> Callable[..., CancellationPolicy]:
    """Return a function that stores a version that was made before all lessons of the test."""

    def make(**changes: Any) -> CancellationPolicy:
        made = {"created_at": timezone.now() - timedelta(days=400), **POLICY, **changes}
        return CancellationPolicy.objects.create(tutor=tutor, **made)

    return make


@pytest.fixture
def book(tutor: User, student: User, classroom: Classroom) -> Callable[..., Lesson]:
    """Return a function that makes a lesson so many hours from now."""

    def make(hours: float = 48, **fields: Any) -> Lesson:
        starts_at: datetime = timezone.now() + hours * HOUR
        return make_lesson(tutor, student, starts_at, **fields)

    return make


@pytest.fixture
def as_tutor(api: Callable[[User], APIClient], tutor: User) -> APIClient:
    return api(tutor)


@pytest.fixture
def as_student(api: Callable[[User], APIClient], student: User) -> APIClient:
    return api(student)
