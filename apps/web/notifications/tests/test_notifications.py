"""The page of notification settings."""

import pytest

from apps.accounts.notifications.preferences import load_preferences

pytestmark = pytest.mark.django_db
URL = "/settings/notifications/"


@pytest.fixture
def me(client, student):
    client.force_login(student, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_page_shows_the_defaults(me):
    form = me.get(URL).context["form"]
    assert form["reminders_minutes"].value() == (1440, 60)


def test_form_saves_reminders_and_quiet_hours(me, student):
    sent = {
        "reminders_minutes": ["2880", "30"],
        "email": "on",
        "quiet_from": "22:00",
        "quiet_to": "07:30",
    }
    assert me.post(URL, sent).status_code == 302
    found = load_preferences(student.pk)
    assert (found.email, list(found.reminders_minutes)) == (True, [2880, 30])
    assert (f"{found.quiet_from:%H:%M}", f"{found.quiet_to:%H:%M}") == ("22:00", "07:30")


def test_nothing_chosen_ends_all_reminders(me, student):
    me.post(URL, {})
    found = load_preferences(student.pk)
    assert (found.email, list(found.reminders_minutes)) == (False, [])


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"reminders_minutes": ["10080", "2880", "1440", "720", "180", "60"]}, "reminders_minutes"),
        ({"reminders_minutes": ["61"]}, "reminders_minutes"),
        ({"quiet_from": "22:00"}, "quiet_to"),
        ({"quiet_from": "22:00", "quiet_to": "22:00"}, "quiet_to"),
        ({"quiet_from": "soon", "quiet_to": "22:00"}, "quiet_from"),
    ],
)
def test_invalid_choice_is_explained_and_changes_nothing(me, student, sent, field):
    answer = me.post(URL, {"email": "on", **sent})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert list(load_preferences(student.pk).reminders_minutes) == [1440, 60]


def test_time_that_only_the_api_offers_is_kept(me, student, api):
    api(student).put("/api/me/notifications/", {"reminders_minutes": [90]})
    assert 'value="90"' in me.get(URL).content.decode()
    me.post(URL, {"reminders_minutes": ["90"]})
    assert list(load_preferences(student.pk).reminders_minutes) == [90]
