"""GET /api/classroom/my-students/ (BE32-6): listing, search and paging."""

import pytest

from apps.classrooms.models import Membership
from tests.builders import make_classroom, make_membership, make_user

pytestmark = pytest.mark.django_db
URL = "/api/classroom/my-students/"


def get_students(client, **query):
    return client.get(URL, query)


def get_emails(answer):
    assert answer.status_code == 200, answer.content
    return [row["email"] for row in answer.json()["results"]]


def test_response_has_count_and_results(api, tutor, student, classroom):
    assert get_students(api(tutor)).json() == {
        "count": 1,
        "results": [
            {
                "id": student.pk,
                "first_name": "Олена",
                "last_name": "Коваль",
                "email": student.email,
                "classrooms": [{"id": classroom.pk, "name": "Algebra"}],
            }
        ],
    }


def test_student_is_forbidden_and_anonymous_is_not_authenticated(api, student, db):
    answer = get_students(api(student))
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert set(answer.json()) == {"error", "detail"}
    assert get_students(api()).status_code == 401


def test_students_of_another_tutor_are_not_listed(api, other_tutor, classroom):
    assert get_students(api(other_tutor)).json() == {"count": 0, "results": []}


@pytest.mark.parametrize("status", ["invited", "paused", "removed"])
def test_student_without_an_active_membership_is_not_listed(api, tutor, student, classroom, status):
    Membership.objects.update(status=status)
    assert get_students(api(tutor)).json() == {"count": 0, "results": []}


def test_classroom_of_a_paused_membership_is_not_shown(api, tutor, student, classroom):
    make_membership(make_classroom(tutor, name="Paused"), student, "paused")
    assert [c["name"] for c in get_students(api(tutor)).json()["results"][0]["classrooms"]] == [
        "Algebra"
    ]


def test_archived_classroom_is_not_shown(api, tutor, student, classroom):
    make_classroom(tutor, student, name="Geometry")
    api(tutor).delete(f"/api/classrooms/{classroom.pk}/")
    answer = get_students(api(tutor)).json()
    assert answer["count"] == 1
    assert [c["name"] for c in answer["results"][0]["classrooms"]] == ["Geometry"]


def test_invited_email_without_an_account_is_not_listed(api, tutor, classroom):
    api(tutor).post(f"/api/classrooms/{classroom.pk}/members/", {"email": "new@x.example"})
    assert get_students(api(tutor)).json()["count"] == 1


def test_student_of_several_classrooms_is_listed_once(api, tutor, student, classroom):
    for name in ("Chess", "Botany"):
        make_classroom(tutor, student, name=name)
    answer = get_students(api(tutor)).json()
    assert answer["count"] == len(answer["results"]) == 1
    assert [c["name"] for c in answer["results"][0]["classrooms"]] == ["Algebra", "Botany", "Chess"]


def test_list_is_ordered_by_last_name_first_name_and_id(api, tutor):
    names = [("B", "B"), ("A", "B"), ("B", "A"), ("A", "B")]
    people = [make_user("student", first, last) for first, last in names]
    make_classroom(tutor, *reversed(people))
    found = [row["id"] for row in get_students(api(tutor)).json()["results"]]
    assert found == [people[n].pk for n in (2, 1, 3, 0)]


@pytest.mark.parametrize(
    "q",
    [
        "ОЛЕНА коваль",
        "коваль олена",
        "лен",
        "ВАЛ  олен ",
        "olena@school.example",
        "OLENA@SCHOOL",
        "Коваль school",
        "",
        "   ",
        "\u00a0олена\u2003",
    ],
)
def test_search_matches_all_words_in_any_order_and_case(api, tutor, q):
    make_classroom(tutor, make_user("student", "Олена", "Коваль", email="olena@school.example"))
    assert get_emails(get_students(api(tutor), q=q)) == ["olena@school.example"]


@pytest.mark.parametrize(
    "q", ["Олена Петренко", "оленако", "аКо", "%", "_", "Ол_на", "*", "\\", "'"]
)
def test_search_for_a_missing_word_finds_nobody(api, tutor, q):
    make_classroom(tutor, make_user("student", "Олена", "Коваль", email="olena@school.example"))
    assert get_students(api(tutor), q=q).json() == {"count": 0, "results": []}


@pytest.mark.parametrize(
    ("first_name", "q"),
    [
        ("Jürgen", "JÜRGEN"),
        ("Ju\u0308rgen", "jürgen"),  # the same letters, in another normalization form
        ("Straße", "STRASSE"),
        ("ΝΊΚΟΣ", "νίκος"),
        ("Ђорђе", "ЂОРЂЕ"),
        ("Արամ", "ԱՐԱՄ"),
        ("佐藤", "佐"),
        ("50%", "0%"),
        ("O'Neil", "o'n"),
        ("𐐀𐐁", "𐐨𐐩"),
    ],
)
def test_search_ignores_case_in_any_script(api, tutor, first_name, q):
    make_classroom(tutor, make_user("student", first_name, "X"), make_user("student", "Zed"))
    assert get_students(api(tutor), q=q).json()["count"] == 1


def test_renamed_student_is_found_by_the_new_name_only(api, tutor, student, classroom):
    api(student).patch("/api/me/", {"last_name": "Шевченко"})
    assert get_students(api(tutor), q="шевченко").json()["count"] == 1
    assert get_students(api(tutor), q="коваль").json()["count"] == 0


def test_count_is_the_total_before_paging(api, tutor):
    make_classroom(tutor, *[make_user("student", "A", f"{n:02}") for n in range(25)])
    first, rest = get_students(api(tutor)), get_students(api(tutor), offset=20)
    assert (first.json()["count"], len(first.json()["results"])) == (25, 20)
    assert (rest.json()["count"], len(rest.json()["results"])) == (25, 5)
    everyone = get_emails(first) + get_emails(rest)
    assert len(set(everyone)) == 25
    assert get_emails(get_students(api(tutor), limit=100)) == everyone


def test_page_beyond_the_end_is_empty_and_has_the_count(api, tutor, classroom):
    for offset in (1, 10**9, 2**31 - 1):
        assert get_students(api(tutor), offset=offset).json() == {"count": 1, "results": []}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("limit", bad)
            for bad in ("0", "-1", "101", "x", "", "1.5", "1.0", "1e1", "٣", "9" * 5000)
        ),
        *(("offset", bad) for bad in ("-1", "x", "", "0.0", str(2**63), str(10**40))),
        ("q", "x" * 201),
        ("q", "nul\x00"),
    ],
)
def test_invalid_query_parameter_is_a_validation_error(api, tutor, classroom, name, value):
    answer = get_students(api(tutor), **{name: value})
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert set(answer.json()["fields"]) == {name}
