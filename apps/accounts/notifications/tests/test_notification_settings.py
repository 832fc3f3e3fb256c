"""/api/me/notifications/: defaults, changes and what the database refuses."""

from datetime import time

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.models import NotificationSettings, ReminderTime
from apps.accounts.notifications.preferences import turn_mail_off

pytestmark = pytest.mark.django_db
URL = "/api/me/notifications/"
DEFAULTS = {
    "email": True,
    "reminders_minutes": [1440, 60],
    "quiet_from": None,
    "quiet_to": None,
}


def test_defaults_are_a_day_and_an_hour_by_mail(api, student):
    answer = api(student).get(URL)
    assert (answer.status_code, answer.json()) == (200, DEFAULTS)


def test_put_stores_every_field(api, student):
    sent = {
        "email": False,
        "reminders_minutes": [20160, 1440, 5],
        "quiet_from": "22:00",
        "quiet_to": "07:30",
    }
    answer = api(student).put(URL, sent)
    assert (answer.status_code, answer.json()) == (200, sent)
    assert api(student).get(URL).json() == sent


def test_null_means_left_out(api, student):
    api(student).put(URL, {"email": False, "reminders_minutes": [30]})
    answer = api(student).put(URL, {"email": None, "reminders_minutes": None})
    changed = {**DEFAULTS, "email": False, "reminders_minutes": [30]}
    assert (answer.status_code, answer.json()) == (200, changed)


def test_reminders_come_back_longest_first(api, student):
    answer = api(student).put(URL, {"reminders_minutes": [5, 60, 30]})
    assert answer.json() == {**DEFAULTS, "reminders_minutes": [60, 30, 5]}


def test_field_left_out_stays(api, student):
    api(student).put(URL, {"quiet_from": "22:00", "quiet_to": "07:00"})
    answer = api(student).put(URL, {"reminders_minutes": []})
    assert answer.json() == {
        "email": True,
        "reminders_minutes": [],
        "quiet_from": "22:00",
        "quiet_to": "07:00",
    }


def test_settings_belong_to_one_person(api, student, tutor):
    api(student).put(URL, {"email": False, "reminders_minutes": [10]})
    assert api(tutor).get(URL).json() == DEFAULTS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("reminders_minutes", [value]) for value in (4, 20161, -60, 0, "60", 60.5, True, None)),
        ("reminders_minutes", [60, 60]),
        ("reminders_minutes", [5, 6, 7, 8, 9, 10]),
        *(("reminders_minutes", value) for value in (60, "60", {})),
        *(("email", value) for value in ("true", 1)),
        *(
            ("quiet_to", value)
            for value in ("24:00", "7:30", "07:30:00", "0730", "07:60", "٠٧:٣٠", "", 7, "07:30\n")
        ),
    ],
)
def test_invalid_value_is_named(api, student, field, value):
    answer = api(student).put(URL, {"quiet_from": "22:00", "quiet_to": "07:00", field: value})
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert all(name.startswith(field) for name in answer.json()["fields"])
    assert api(student).get(URL).json() == DEFAULTS


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"quiet_from": "22:00"}, "quiet_to"),
        ({"quiet_to": "22:00"}, "quiet_from"),
        ({"quiet_from": "22:00", "quiet_to": None}, "quiet_to"),
        ({"quiet_from": "22:00", "quiet_to": "22:00"}, "quiet_to"),
    ],
)
def test_half_or_empty_quiet_hours_are_invalid(api, student, sent, field):
    answer = api(student).put(URL, sent)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_quiet_hours_can_be_removed(api, student):
    api(student).put(URL, {"quiet_from": "22:00", "quiet_to": "07:00"})
    answer = api(student).put(URL, {"quiet_from": None, "quiet_to": None})
    assert answer.json() == DEFAULTS


def test_turning_mail_off_keeps_the_rest(api, student):
    api(student).put(URL, {"reminders_minutes": [30], "quiet_from": "22:00", "quiet_to": "07:00"})
    turn_mail_off(student)
    assert api(student).get(URL).json() == {
        "email": False,
        "reminders_minutes": [30],
        "quiet_from": "22:00",
        "quiet_to": "07:00",
    }


@pytest.mark.parametrize(
    ("constraint", "reminders"),
    [
        ("reminder_time_5min_to_14d", [(0, 4)]),
        ("reminder_time_5min_to_14d", [(0, 20161)]),
        ("reminder_times_at_most_5", [(5, 60)]),
        ("owner", [(0, 60), (1, 60)]),
        ("owner", [(0, 60), (0, 30)]),
    ],
)
def test_database_refuses_what_the_api_refuses(student, constraint, reminders):
    owner = NotificationSettings.objects.create(user=student)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ReminderTime.objects.bulk_create(
            ReminderTime(owner=owner, position=position, minutes=minutes)
            for position, minutes in reminders
        )


@pytest.mark.parametrize("ends", [(time(22), None), (None, time(7)), (time(7), time(7))])
def test_database_refuses_half_quiet_hours(student, ends):
    start, end = ends
    with pytest.raises(IntegrityError), transaction.atomic():
        NotificationSettings.objects.create(user=student, quiet_from=start, quiet_to=end)
