"""Canonical zone names, and clock times that are ambiguous when the clock is turned back."""

from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import translation

from apps.accounts.models import User
from apps.common.zones import (
    canonical_zone,
    clock_time,
    clock_times,
    find_zone,
    known_time_zones,
    listed_zones,
    offset_label,
    zone_fallbacks,
    zone_label,
)
from tests.builders import make_user, sign_up

KYIV = ZoneInfo("Europe/Kyiv")
SUMMER = datetime(2026, 7, 1, tzinfo=KYIV)
FIRST = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 03:30 in Kyiv, and an hour later again
FORMER_NAMES = [
    ("Europe/Kiev", "Europe/Kyiv"),
    ("Europe/Uzhgorod", "Europe/Kyiv"),
    ("Asia/Calcutta", "Asia/Kolkata"),
    ("Asia/Saigon", "Asia/Ho_Chi_Minh"),
    ("US/Eastern", "America/New_York"),
    ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    ("GB", "Europe/London"),
    ("Etc/UTC", "UTC"),
    ("Zulu", "UTC"),
]


@pytest.mark.parametrize(("former", "current"), FORMER_NAMES)
def test_former_zone_name_becomes_the_current_one(former, current):
    assert canonical_zone(former) == canonical_zone(current) == current


@pytest.mark.parametrize("name", ["Europe/Amsterdam", "Europe/Oslo", "UTC", "Asia/Tokyo"])
def test_zone_of_a_separate_place_keeps_its_name(name):
    """The tz database links Amsterdam to Brussels; a person there does not live in Brussels."""
    assert canonical_zone(name) == name


def test_aliases_have_the_offsets_of_their_canonical_zone():
    days = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=7 * n) for n in range(104)]
    for name in known_time_zones():
        here, there = ZoneInfo(name), ZoneInfo(canonical_zone(name))
        assert all(
            day.astimezone(here).utcoffset() == day.astimezone(there).utcoffset() for day in days
        ), name


def test_list_offers_each_zone_once():
    assert "Europe/Kyiv" in listed_zones()
    assert {canonical_zone(name) for name in listed_zones()} == set(listed_zones())


def test_zone_label_is_in_the_active_language():
    with translation.override("uk"):
        assert [zone_label(name) for name in ("Europe/Kyiv", "Europe/Kiev")] == ["Київ", "Київ"]
        assert zone_label("Asia/Kolkata") == "Колката"
    with translation.override("en"):
        assert zone_label("Europe/Kyiv") == "Kyiv"
        assert zone_label("America/New_York") == "New York"
        assert zone_label("UTC") == "UTC"


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe", "\x00"])
def test_unknown_zone_falls_back_to_utc(name):
    assert find_zone(name).key == "UTC"


def test_zone_missing_from_the_system_is_found_by_its_former_name(monkeypatch):
    from apps.common import zones

    def old_system(name):
        if name == "Europe/Kyiv":
            raise zones.ZoneInfoNotFoundError(name)
        return ZoneInfo(name)

    monkeypatch.setattr(zones, "ZoneInfo", old_system)
    assert find_zone("Europe/Kyiv").utcoffset(SUMMER) == timedelta(hours=3)


def test_offset_label_has_hours_and_minutes():
    def label(hours):
        offset = timedelta(hours=hours)
        return offset_label(datetime(2026, 1, 1, tzinfo=timezone(offset)))

    assert [label(h) for h in (0, 3, 5.75, -3.5)] == ["UTC", "UTC+3", "UTC+5:45", "UTC−3:30"]


def test_ambiguous_clock_time_has_its_offset():
    first, second = (at.astimezone(KYIV) for at in (FIRST, FIRST + timedelta(hours=1)))
    assert clock_time(first) == "03:30 (UTC+3)"
    assert clock_time(second) == "03:30 (UTC+2)"
    assert clock_times(first, second) == ("03:30 (UTC+3)", "03:30 (UTC+2)")
    later = second + timedelta(hours=2)
    assert clock_times(second, later) == ("03:30 (UTC+2)", "05:30 (UTC+2)")
    assert clock_time(later) == "05:30"


@pytest.mark.parametrize(("former", "current"), FORMER_NAMES[:3])
def test_api_stores_the_current_zone_name(api, student, former, current):
    response = api(student).patch("/api/me/", {"timezone": former})
    assert (response.status_code, response.json()["timezone"]) == (200, current)
    assert User.objects.filter(pk=student.pk, timezone=former).exists()
    student.refresh_from_db()
    assert student.timezone == current


def test_sign_up_stores_the_current_zone_name(db):
    assert sign_up(timezone="Europe/Kiev").status_code == 200
    assert User.objects.get().timezone == "Europe/Kyiv"


def test_page_of_a_person_with_an_unknown_zone_is_shown(client, tutor):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET timezone = 'Mars/Olympus'")
    client.force_login(tutor, "allauth.account.auth_backends.AuthenticationBackend")
    for page in ("/calendar/", "/settings/", "/lessons/new/"):
        assert client.get(page).status_code == 200


def test_migration_renames_stored_zones(db):
    person = make_user("student")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET timezone = 'Europe/Kiev'")
    migration = import_module("apps.accounts.migrations.0002_canonical_time_zones")
    migration.rename_zones(_historical_apps(), SimpleNamespace(connection=connection))
    person.refresh_from_db()
    assert person.timezone == "Europe/Kyiv"


def _historical_apps():
    return MigrationExecutor(connection).loader.project_state(("accounts", "0001_initial")).apps


@pytest.mark.parametrize(
    ("zone", "former", "offset"),
    [
        ("Europe/Kyiv", "Europe/Kiev", "Etc/GMT-2"),
        ("America/Nuuk", "America/Godthab", "Etc/GMT+2"),
        ("Pacific/Kanton", "Pacific/Enderbury", "Etc/GMT-13"),
        ("Asia/Kolkata", "Asia/Calcutta", None),
        ("Asia/Yangon", "Asia/Rangoon", None),
        ("Europe/London", "Europe/Belfast", "UTC"),
    ],
)
def test_fallbacks_of_a_zone_are_its_former_names_then_its_offset(zone, former, offset):
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    names = zone_fallbacks(zone, noon)
    assert former in names
    assert zone not in names
    assert (names[-1] if offset else offset) == offset
    offsets = {noon.astimezone(ZoneInfo(name)).utcoffset() for name in (zone, *names)}
    assert len(offsets) == 1


def test_fallbacks_of_a_former_name_begin_with_the_current_one():
    names = zone_fallbacks("Europe/Kiev", datetime(2026, 7, 2, tzinfo=UTC))
    assert (names[0], names[-1]) == ("Europe/Kyiv", "Etc/GMT-3")
