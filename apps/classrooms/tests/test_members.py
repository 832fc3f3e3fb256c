"""Members of a classroom: listing, inviting, accepting, and changes by the tutor."""

import pytest

from apps.classrooms.models import Membership
from apps.classrooms.services import change_membership
from apps.common.errors import DomainError
from tests.builders import make_membership, make_placeholder, make_user

pytestmark = pytest.mark.django_db


def get_error(answer):
    return answer.status_code, answer.json()["error"]


@pytest.fixture
def members_url(classroom):
    return f"/api/classrooms/{classroom.pk}/members/"


def change_status(client, membership_id, status):
    return client.patch(f"/api/memberships/{membership_id}/", {"status": status})


def accept(client, membership_id):
    return client.post(f"/api/memberships/{membership_id}/accept/")


# The list


def test_list_has_members_by_name_and_their_count(api, tutor, student, classroom, members_url):
    make_membership(classroom, make_user("student", "Anna", "Aaa"), "paused")
    answer = api(tutor).get(members_url).json()
    assert answer["count"] == 2
    assert [m["student"]["last_name"] for m in answer["results"]] == ["Aaa", "Коваль"]
    assert set(answer["results"][0]) == {
        *("id", "classroom_id", "student", "role", "status", "joined_at")
    }


@pytest.mark.parametrize("status", ["invited", "active", "paused", "removed"])
def test_list_filters_by_status(api, tutor, classroom, members_url, status):
    for each in ("invited", "paused", "removed"):
        make_membership(classroom, make_user("student"), each)
    found = api(tutor).get(members_url, {"status": status}).json()["results"]
    assert [m["status"] for m in found] == [status]


def test_list_searches_names_and_invited_emails(api, tutor, members_url):
    api(tutor).post(members_url, {"email": "Petro@x.example"})
    assert api(tutor).get(members_url, {"q": "ОЛЕНА"}).json()["count"] == 1
    found = api(tutor).get(members_url, {"q": "PETRO"}).json()["results"]
    assert [m["student"]["email"] for m in found] == ["petro@x.example"]


def test_list_supports_paging(api, tutor, classroom, members_url):
    for number in range(4):
        make_membership(classroom, make_user("student", "A", f"{number}"))
    pages = [
        api(tutor).get(members_url, {"limit": 2, "offset": offset}).json() for offset in (0, 2, 4)
    ]
    assert [page["count"] for page in pages] == [5, 5, 5]
    assert len({m["id"] for page in pages for m in page["results"]}) == 5


@pytest.mark.parametrize("query", [{"status": "x"}, {"limit": 0}, {"offset": -1}, {"limit": 101}])
def test_invalid_query_parameter_is_reported(api, tutor, members_url, query):
    answer = api(tutor).get(members_url, query)
    assert get_error(answer) == (400, "validation_error")
    assert set(answer.json()["fields"]) == set(query)


def test_only_the_classrooms_tutor_may_list_and_invite(api, student, other_tutor, members_url):
    for person in (student, other_tutor):
        assert get_error(api(person).get(members_url)) == (403, "forbidden")
        assert get_error(api(person).post(members_url, {"email": "a@x.example"})) == (
            403,
            "forbidden",
        )


# Inviting and accepting


def test_invited_student_becomes_active_by_accepting(api, tutor, stranger, members_url):
    answer = api(tutor).post(members_url, {"email": stranger.email.upper()})
    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["joined_at"]) == ("invited", None)
    assert answer.json()["student"]["id"] is None
    accepted = accept(api(stranger), answer.json()["id"])
    assert (accepted.status_code, accepted.json()["status"]) == (200, "active")
    assert accepted.json()["joined_at"]


def test_tutor_cannot_accept_for_the_student(api, tutor, stranger, members_url):
    invited = api(tutor).post(members_url, {"email": stranger.email}).json()
    assert get_error(change_status(api(tutor), invited["id"], "active")) == (403, "forbidden")
    assert get_error(accept(api(tutor), invited["id"])) == (403, "forbidden")
    assert Membership.objects.get(pk=invited["id"]).status == "invited"


def test_invitation_is_accepted_by_an_account_created_later(api, tutor, members_url):
    invited = api(tutor).post(members_url, {"email": "New@X.example"}).json()
    assert invited["student"] == {
        "id": None,
        "first_name": "",
        "last_name": "",
        "email": "new@x.example",
    }
    newcomer = make_user("student", email="new@x.example")
    accepted = accept(api(newcomer), invited["id"]).json()
    assert (accepted["status"], accepted["student"]["id"]) == ("active", newcomer.pk)


def test_invitation_of_another_address_cannot_be_accepted(
    api, tutor, student, other_tutor, stranger, members_url
):
    for email in ("new@x.example", stranger.email):
        invited = api(tutor).post(members_url, {"email": email}).json()
        for person in (student, other_tutor):
            assert get_error(accept(api(person), invited["id"])) == (403, "forbidden")


def test_inviting_twice_creates_one_invitation(api, tutor, stranger, members_url):
    for email in (stranger.email, "new@x.example"):
        first, again = (api(tutor).post(members_url, {"email": email}) for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()


def test_inviting_a_member_changes_nothing(api, tutor, student, members_url):
    answer = api(tutor).post(members_url, {"email": student.email})
    assert answer.json()["status"] == "active"


def test_acceptance_can_be_repeated_but_not_after_removal(api, tutor, stranger, members_url):
    invited = api(tutor).post(members_url, {"email": stranger.email}).json()["id"]
    assert [accept(api(stranger), invited).status_code for _ in range(2)] == [200, 200]
    change_status(api(tutor), invited, "removed")
    assert get_error(accept(api(stranger), invited)) == (403, "forbidden")


def test_paused_student_cannot_accept(api, tutor, student, classroom):
    membership = classroom.memberships.get()
    change_status(api(tutor), membership.pk, "paused")
    assert get_error(accept(api(student), membership.pk)) == (403, "forbidden")


def test_removed_student_can_be_invited_again(api, tutor, student, classroom, members_url):
    membership = classroom.memberships.get()
    change_status(api(tutor), membership.pk, "removed")
    invited = api(tutor).post(members_url, {"email": student.email}).json()
    assert invited["status"] == "invited"
    back = accept(api(student), invited["id"]).json()
    assert (back["id"], back["status"]) == (membership.pk, "active")
    assert classroom.memberships.count() == 1


LONG = "x@" + ".".join(["\u0130" * 60] * 4) + ".example"  # too long in lower case
UNSENDABLE = "x@" + "a" * 60 + "\u0130" * 3 + ".example"  # a DNS label that is too long in ASCII


@pytest.mark.parametrize(
    "email",
    [None, "", "x", "a@b", 5, [], "a\x00@x.example", "a" * 250 + "@x.example", LONG, UNSENDABLE],
)
def test_malformed_email_is_reported(api, tutor, members_url, email):
    answer = api(tutor).post(members_url, {"email": email})
    assert get_error(answer) == (400, "validation_error")
    assert set(answer.json()["fields"]) == {"email"}


# Changes by the tutor


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ("invited", "active", 403),
        ("invited", "paused", 400),
        ("invited", "removed", 200),
        ("active", "active", 200),
        ("active", "paused", 200),
        ("active", "removed", 200),
        ("paused", "active", 200),
        ("paused", "paused", 200),
        ("paused", "removed", 200),
        ("removed", "active", 400),
        ("removed", "paused", 400),
        ("removed", "removed", 200),
        ("active", "invited", 400),
        ("active", "", 400),
        ("active", None, 400),
        ("active", ["paused"], 400),
    ],
)
def test_tutor_changes_the_status_only_as_allowed(
    api, tutor, stranger, classroom, before, after, status
):
    membership = make_membership(classroom, stranger, before)
    answer = change_status(api(tutor), membership.pk, after)
    assert answer.status_code == status
    membership.refresh_from_db()
    assert membership.status == (after if status == 200 else before)


@pytest.mark.parametrize(
    ("before", "after", "choices"),
    [
        ("invited", "paused", "invited, removed."),
        ("declined", "paused", "declined, removed."),
        ("left", "active", "left, removed."),
        ("removed", "active", "A removed student can only come back"),
    ],
)
def test_refused_status_change_lists_the_allowed_ones(
    api, tutor, stranger, classroom, before, after, choices
):
    membership = make_membership(classroom, stranger, before)
    [sentence] = change_status(api(tutor), membership.pk, after).json()["fields"]["status"]
    assert choices in sentence


def test_only_the_classrooms_tutor_may_change_a_membership(api, student, other_tutor, classroom):
    membership = classroom.memberships.get()
    for person in (student, other_tutor):
        assert get_error(change_status(api(person), membership.pk, "paused")) == (403, "forbidden")


@pytest.mark.parametrize("membership_id", [0, 2**63 - 1, 2**64])
def test_missing_membership_is_not_found(api, tutor, student, classroom, membership_id):
    assert get_error(change_status(api(tutor), membership_id, "paused")) == (404, "not_found")
    assert get_error(accept(api(student), membership_id)) == (404, "not_found")


def test_refused_change_of_a_removed_placeholder_says_that_it_can_be_restored(
    api, tutor, classroom
):
    added = make_placeholder(classroom).memberships.get()
    change_status(api(tutor), added.pk, "removed")
    [sentence] = change_status(api(tutor), added.pk, "paused").json()["fields"]["status"]
    assert "removed, active." in sentence


def test_removed_placeholder_is_restored_and_a_removed_account_is_not(api, tutor, classroom):
    added = make_placeholder(classroom).memberships.get()
    joined = classroom.memberships.exclude(pk=added.pk).get()
    for membership, status in ((added, 200), (joined, 400)):
        url = f"/api/memberships/{membership.pk}/"
        api(tutor).patch(url, {"status": "removed"})
        assert api(tutor).patch(url, {"status": "active"}).status_code == status


def test_change_of_a_membership_that_became_somebody_elses_is_refused(tutor, student, classroom):
    """The tutor removes a student without an account while an account takes the place over."""
    stale = make_placeholder(classroom).memberships.get()
    Membership.objects.filter(pk=stale.pk).update(student=make_user("student"))
    with pytest.raises(DomainError, match="Somebody else has just changed"):
        change_membership(membership=stale, status="removed")
    assert Membership.objects.get(pk=stale.pk).status == "active"


def test_change_goes_by_the_present_status(api, tutor, student, classroom):
    stale = classroom.memberships.get()
    Membership.objects.filter(pk=stale.pk).update(status="left")
    with pytest.raises(DomainError) as refusal:
        change_membership(membership=stale, status="paused")
    assert "left, removed." in refusal.value.fields["status"][0]
