"""A tutor and a student with a lesson tomorrow, and what makes reminders of it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from apps.accounts.models import PushSubscription, User
from apps.accounts.models.push_subscription import password_digest
from apps.accounts.notifications.preferences import Preferences, save_preferences
from apps.lessons.models import Reminder
from tests.builders import HOUR, make_lesson

# A Monday, 14:00 in Kyiv. The database notes by its own clock when a lesson has changed.
NOW = datetime(2094, 3, 8, 12, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
KEY = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"


@pytest.fixture
def lesson(classroom, tutor, student):
    return make_lesson(tutor, student, NOW + DAY)


@pytest.fixture
def subscribe(settings):
    """Return a function that subscribes a browser of the person; reminders go there alone."""
    settings.EMAIL_URL = ""

    def subscribe(user: User) -> PushSubscription:
        number = PushSubscription.objects.count()
        key = f"session{number}"
        Session.objects.create(
            session_key=key, session_data="", expire_date=timezone.now() + 40_000 * DAY
        )
        return PushSubscription.objects.create(
            user=user,
            session_key=key,
            password_digest=password_digest(user),
            endpoint=f"https://push.example/{number}",
            p256dh=KEY,
            auth=AUTH,
        )

    return subscribe


@pytest.fixture
def prefer():
    """Return a function that sets a person's settings."""
    return lambda user, **changes: save_preferences(user, Preferences(**changes))


def queued(**filters):
    """The reminders as (person, minutes, channel)."""
    rows = Reminder.objects.filter(**filters).order_by("user", "-minutes", "channel", "target")
    return list(rows.values_list("user", "minutes", "channel"))


__all__ = ["DAY", "HOUR", "MINUTE", "NOW", "queued"]
