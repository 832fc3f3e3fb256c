"""Range overlap and student search on the database, compared with models in plain Python."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.classrooms.queries import list_my_students
from apps.common.pagination import Page
from apps.lessons.models import MAX_DURATION, MIN_DURATION, Lesson
from apps.lessons.queries import list_lessons
from tests.builders import NOON, make_classroom, make_user

pytestmark = pytest.mark.django_db

quickly = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# Ranges: few distinct instants, so that bounds often coincide or differ by a microsecond.

instants = st.builds(
    lambda hours, micro: NOON + timedelta(hours=hours, microseconds=micro),
    st.integers(-30, 30),
    st.sampled_from([0, 0, 0, 1, -1, 999_999]),
)
lengths = st.one_of(
    st.sampled_from([MIN_DURATION, MAX_DURATION, timedelta(hours=1)]),
    st.timedeltas(MIN_DURATION, MAX_DURATION),
)
lessons = st.lists(st.tuples(instants, lengths), max_size=8)
ranges = st.tuples(instants, st.timedeltas(timedelta(microseconds=1), timedelta(hours=40)))


@given(lessons, ranges)
@quickly
def test_between_is_overlap_of_half_open_ranges(classroom, lessons, window):
    """The lower bound of starts_at, which lets an index be used, excludes no overlapping lesson."""
    start, end = window[0], window[0] + window[1]
    Lesson.objects.all().delete()
    rows = Lesson.objects.bulk_create(
        Lesson(
            tutor_id=classroom.tutor_id,
            student=classroom.memberships.get().student,
            classroom=classroom,
            starts_at=starts_at,
            ends_at=starts_at + length,
            allow_overlap=True,
        )
        for starts_at, length in lessons
    )
    expected = sorted(
        (row.starts_at, row.pk) for row in rows if row.starts_at < end and start < row.ends_at
    )
    found = Lesson.objects.between(start, end).in_order().values_list("starts_at", "pk")
    assert list(found) == expected
    shown = list_lessons(classroom.tutor, start, end, include_cancelled=False)
    assert [row["id"] for row in shown] == [pk for _start, pk in expected]


zones = st.sampled_from(
    ["Europe/Kyiv", "America/New_York", "America/Havana", "Pacific/Apia", "Asia/Kathmandu", "UTC"]
)


@given(
    zones,
    st.floats(946_684_800, 4_102_444_800).map(
        lambda t: datetime.fromtimestamp(t, UTC)
    ),  # 2000–2100
    st.integers(1, 366),
)
@quickly
def test_days_of_a_calendar_neither_overlap_nor_leave_gaps(zone, instant, days):
    """Every instant lies in exactly one of several adjacent date ranges."""
    from zoneinfo import ZoneInfo

    from apps.common.parsing import parse_range

    here = ZoneInfo(zone)
    day = instant.astimezone(here).date()
    span = timedelta(days=days)

    def between(first, last):
        query = {"from": first.isoformat(), "to": last.isoformat()}
        return parse_range(query, here, timedelta(days=366))

    start, end = between(day, day + timedelta(days=1))
    assert start <= instant < end
    assert between(day - span, day)[1] == start
    assert between(day + timedelta(days=1), day + timedelta(days=1) + span)[0] == end


# Search: letters of many scripts, combining marks and the wildcards of LIKE.

letters = st.one_of(
    st.sampled_from(
        "aAbB іІїЇєЄґҐ ßẞſ İıiI Σσς éÉ e\u0301 ё Ё %_\\*' ﬁ K Å Ω ŉ 佐藤 Ա ա 𐐀 𐐨 א ب अ"
    ),
    st.characters(exclude_categories=("Cs",), exclude_characters="\x00"),
)
names = st.text(letters, min_size=1, max_size=8).filter(lambda text: text.strip())
queries = st.text(letters, max_size=8)


def folded(text):
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def matches(person, q):
    places = [folded(text) for text in (person.first_name, person.last_name, person.email)]
    return all(any(word in place for place in places) for word in folded(q).split())


def search_students(tutor, q):
    count, rows = list_my_students(tutor, q, Page(limit=100, offset=0))
    assert count == len(rows)
    return {row["id"] for row in rows}


@pytest.fixture
def class_of_three(tutor):
    people = [make_user("student") for _ in range(3)]
    make_classroom(tutor, *people)
    return people


def rename(people, given_names):
    for person, (first, last) in zip(people, given_names, strict=True):
        person.first_name, person.last_name = first, last
        person.save()


@given(st.lists(st.tuples(names, names), min_size=3, max_size=3), queries)
@example([("Олена", "Коваль"), ("Олег", "Кава"), ("a%b", "c_d")], "%")
@example([("Олена", "Коваль"), ("Олег", "Кава"), ("a%b", "c_d")], "КОВАЛЬ олена")
@quickly
def test_search_matches_the_python_model(tutor, class_of_three, given_names, q):
    rename(class_of_three, given_names)
    assert search_students(tutor, q) == {p.pk for p in class_of_three if matches(p, q)}


@given(names, names, st.data())
@quickly
def test_substrings_of_names_find_the_user_in_any_order_and_case(
    tutor, class_of_three, first, last, data
):
    """Only for letters whose cases have the same casefold, as in the model."""
    rename(class_of_three, [(first, last), ("Zed", "Zed"), ("Yod", "Yod")])
    parts = []
    for name in (last, first):
        text = folded(name)
        begin = data.draw(st.integers(0, len(text) - 1))
        parts.append(text[begin : data.draw(st.integers(begin + 1, len(text)))])
    q = " ".join(parts)
    person = User.objects.get(pk=class_of_three[0].pk)
    assert (person.pk in search_students(tutor, q)) is matches(person, q)
    for shout in (q.upper(), q.lower(), q.title()):
        if folded(shout) == folded(q) and matches(person, q):
            assert person.pk in search_students(tutor, shout)
