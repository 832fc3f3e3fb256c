"""What external calendars make busy: each feature of iCalendar that the field uses."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.booking.calendars.expand import (
    MAX_MERGED,
    MAX_STEPS,
    MAX_ZONE_RULES,
    Reader,
    UnreadableError,
)

KYIV = ZoneInfo("Europe/Kyiv")
SINCE = datetime(2026, 10, 1, tzinfo=UTC)
UNTIL = datetime(2027, 1, 1, tzinfo=UTC)


def calendar(*events, head=""):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", *head.split("\n")]
    for number, event in enumerate(events):
        lines += ["BEGIN:VEVENT", *([] if "UID:" in event else [f"UID:{number}"])]
        lines += [*event.split("\n"), "END:VEVENT"]
    return "\r\n".join([*filter(None, lines), "END:VCALENDAR", ""]).encode()


def read(*events, zone=KYIV, head=""):
    return Reader(zone, SINCE, UNTIL).read(calendar(*events, head=head))


def busy(*events, zone=KYIV, head=""):
    """Local times in Kyiv, as 11-30 16:00/17:00."""
    found = read(*events, zone=zone, head=head)
    assert found["unread"] == 0
    spans = [[datetime.fromtimestamp(each, KYIV) for each in span] for span in found["busy"]]
    return [f"{start:%m-%d %H:%M}/{end:%H:%M}" for start, end in spans]


def test_single_event_in_utc():
    assert busy("DTSTART:20261130T140000Z\nDTEND:20261130T150000Z") == ["11-30 16:00/17:00"]
    assert busy("DTSTART:20261130T140000Z\nDURATION:PT30M") == ["11-30 16:00/16:30"]
    assert busy("DTSTART:20261130T140000Z") == []


@pytest.mark.filterwarnings("ignore::UserWarning")  # icalendar says that it guesses
@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Kiev",
        "Europe/Kyiv",
        "FLE Standard Time",
        "/mozilla.org/20050126_1/Europe/Kiev",
        "/freeassociation.sourceforge.net/Europe/Kiev",
    ],
)
def test_names_of_time_zones(zone):
    event = f'DTSTART;TZID="{zone}":20261130T160000\nDTEND;TZID="{zone}":20261130T170000'
    assert busy(event, zone=ZoneInfo("Asia/Tokyo")) == ["11-30 16:00/17:00"]


def test_zone_that_the_file_defines():
    head = (
        "BEGIN:VTIMEZONE\nTZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:16010101T040000\n"
        "TZOFFSETFROM:+0300\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n"
        "END:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\n"
        "TZOFFSETTO:+0300\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE"
    )
    event = (
        "DTSTART;TZID=Customized Time Zone:20261019T160000\n"
        "DTEND;TZID=Customized Time Zone:20261019T170000\nRRULE:FREQ=WEEKLY;COUNT=2"
    )
    found = busy(event, head=head, zone=ZoneInfo("Asia/Tokyo"))
    assert found == ["10-19 16:00/17:00", "10-26 16:00/17:00"]


def test_floating_time_and_unknown_zone_are_the_owners():
    assert busy("DTSTART:20261130T160000\nDTEND:20261130T170000") == ["11-30 16:00/17:00"]
    unknown = 'DTSTART;TZID="(UTC+02:00) Somewhere":20261130T160000\nDURATION:PT1H'
    assert busy(unknown) == ["11-30 16:00/17:00"]


def test_all_day_event_is_the_owners_day():
    assert busy("DTSTART;VALUE=DATE:20261130") == ["11-30 00:00/00:00"]
    several = "DTSTART;VALUE=DATE:20261130\nDTEND;VALUE=DATE:20261203"
    assert read(several)["busy"] == [
        [
            datetime(2026, 11, 30, tzinfo=KYIV).timestamp(),
            datetime(2026, 12, 3, tzinfo=KYIV).timestamp(),
        ]
    ]


@pytest.mark.parametrize(
    "line",
    ["TRANSP:TRANSPARENT", "STATUS:CANCELLED", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"],
)
def test_free_events_block_nothing(line):
    assert busy(f"DTSTART:20261130T140000Z\nDURATION:PT1H\n{line}") == []


def test_tentative_and_opaque_events_block():
    event = "DTSTART:20261130T140000Z\nDURATION:PT1H\n"
    assert busy(f"{event}STATUS:TENTATIVE") == busy(f"{event}TRANSP:OPAQUE") != []


WEEKLY = (
    "UID:weekly\nDTSTART;TZID=Europe/Kyiv:20261012T160000\nDTEND;TZID=Europe/Kyiv:20261012T170000\n"
    "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261109T140000Z"
)


def test_rule_keeps_clock_time_across_the_clock_change():
    days = ("10-12", "10-19", "10-26", "11-02", "11-09")
    assert busy(WEEKLY) == [f"{day} 16:00/17:00" for day in days]


def test_exdates_and_changed_occurrences():
    event = f"{WEEKLY}\nEXDATE;TZID=Europe/Kyiv:20261019T160000,20261102T160000"
    moved = (
        "UID:weekly\nRECURRENCE-ID;TZID=Europe/Kyiv:20261026T160000\n"
        "DTSTART;TZID=Europe/Kyiv:20261027T180000\nDTEND;TZID=Europe/Kyiv:20261027T190000"
    )
    cancelled = (
        "UID:weekly\nRECURRENCE-ID:20261109T140000Z\nSTATUS:CANCELLED\n"
        "DTSTART;TZID=Europe/Kyiv:20261109T160000\nDTEND;TZID=Europe/Kyiv:20261109T170000"
    )
    expected = ["10-12 16:00/17:00", "10-27 18:00/19:00"]
    assert busy(event, moved, cancelled) == busy(moved, cancelled, event) == expected


def test_dates_alone_in_exdate_and_recurrence_id():
    event = f"{WEEKLY}\nEXDATE;VALUE=DATE:20261019"
    moved = (
        "UID:weekly\nRECURRENCE-ID;VALUE=DATE:20261026\n"
        "DTSTART;TZID=Europe/Kyiv:20261026T080000\nDURATION:PT1H"
    )
    days = ["10-12 16:00", "10-26 08:00", "11-02 16:00", "11-09 16:00"]
    assert [each.partition("/")[0] for each in busy(event, moved)] == days


def test_rdates_and_periods():
    event = (
        "DTSTART:20261130T140000Z\nDURATION:PT1H\nRDATE:20261201T140000Z\n"
        "RDATE;VALUE=PERIOD:20261202T140000Z/PT1H"
    )
    assert busy(event) == ["11-30 16:00/17:00", "12-01 16:00/17:00", "12-02 16:00/17:00"]


def test_old_rule_without_end_is_read_within_the_range_alone():
    found = busy("DTSTART;VALUE=DATE:19990101\nRRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31")
    assert found == ["12-31 00:00/00:00"]


def test_only_the_latest_of_two_versions_counts():
    old = "UID:1\nSEQUENCE:1\nDTSTART:20261130T140000Z\nDURATION:PT1H"
    new = "UID:1\nSEQUENCE:2\nDTSTART:20261201T140000Z\nDURATION:PT1H"
    assert busy(old, new) == busy(new, old) == ["12-01 16:00/17:00"]


def test_touching_events_are_merged_and_counted():
    events = [f"DTSTART:20261130T{hour}0000Z\nDURATION:PT1H" for hour in (14, 15, 17)]
    found = read(*events)
    assert (found["events"], len(found["busy"])) == (3, 2)


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY;COUNT=1000000", "FREQ=MINUTELY"])
def test_too_many_occurrences_are_refused(rule):
    with pytest.raises(UnreadableError, match="too_large"):
        read(f"DTSTART:20261001T000000Z\nDURATION:PT1S\nRRULE:{rule}")
    reader = Reader(KYIV, SINCE, UNTIL)
    with pytest.raises(UnreadableError):
        reader.read(calendar(f"DTSTART:20260101T000000Z\nDURATION:PT1S\nRRULE:{rule}"))
    assert reader.steps <= MAX_STEPS + 2


def test_more_zone_rules_than_are_computed_are_refused():
    rule = "BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200"
    zone = "\n".join([f"{rule}\nEND:STANDARD"] * (MAX_ZONE_RULES + 1))
    head = f"BEGIN:VTIMEZONE\nTZID:X\n{zone}\nEND:VTIMEZONE"
    with pytest.raises(UnreadableError, match="too_large"):
        read("DTSTART;TZID=X:20261201T000000\nDURATION:PT1H", head=head)


def test_more_busy_times_than_slots_are_computed_with_are_refused():
    rule = "RRULE:FREQ=MINUTELY;INTERVAL=2;COUNT="
    event = f"DTSTART:20261001T000000Z\nDURATION:PT1M\n{rule}"
    assert len(read(event + str(MAX_MERGED))["busy"]) == MAX_MERGED
    with pytest.raises(UnreadableError, match="too_large"):
        read(event + str(MAX_MERGED + 1))


@pytest.mark.parametrize(
    "event",
    [
        "SUMMARY:No start",
        "DTSTART:yesterday\nDURATION:PT1H",
        "DTSTART:20261130T140000Z\nDURATION:PT1H\nRRULE:FREQ=SOMETIMES",
        "DTSTART:20261130T140000Z\nDTEND;VALUE=DATE:20261201",
    ],
)
def test_bad_event_is_counted_and_the_others_are_read(event):
    good = "DTSTART:20261201T140000Z\nDURATION:PT1H"
    found = read(event, good)
    assert (found["events"], found["unread"]) == (2, 1)
    assert len(found["busy"]) in (1, 2)


@pytest.mark.parametrize(
    "content", [b"", b"<html></html>", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", b"\xff\xfe\x00"]
)
def test_what_is_no_calendar_is_refused(content):
    with pytest.raises(UnreadableError, match="not_calendar"):
        Reader(KYIV, SINCE, UNTIL).read(content)


def test_event_that_began_before_the_range_is_cut():
    event = "DTSTART:20260930T120000Z\nDURATION:P2D"
    assert read(event)["busy"] == [[SINCE.timestamp(), (SINCE + timedelta(hours=36)).timestamp()]]
