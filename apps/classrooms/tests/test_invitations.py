"""Invitations by e-mail: privacy, accepting, declining and leaving."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.classrooms import invitations
from apps.classrooms.models import Membership
from apps.classrooms.services import accept_invitation
from apps.common.errors import DomainError
from tests.builders import bearer, make_classroom, make_membership, make_user, sign_up

pytestmark = pytest.mark.django_db


def post_action(client, membership_id, action, **body):
    answer = client.post(f"/api/memberships/{membership_id}/{action}/", body)
    return answer.status_code, answer.json()


def sign_up_client(email, role="student"):
    return bearer(sign_up(email=email, role=role).json()["meta"]["access_token"])


def create_token(api, classroom, membership_id):
    status, link = post_action(api(classroom.tutor), membership_id, "link")
    assert status == 200
    return link["token"]


# Privacy of the address owner


def check_and_strip(answer, email):
    body = answer.json()
    assert answer.status_code == 201
    assert body["student"]["email"] == email
    return {name: value for name, value in body.items() if name != "id"} | {"student": {}}


def test_invite_response_does_not_depend_on_the_address_owner(
    invite, classroom, stranger, other_tutor
):
    gone = make_user("student", is_active=False)
    emails = [
        stranger.email,
        other_tutor.email,
        gone.email,
        "nobody@x.example",
        classroom.tutor.email,
    ]
    answers = [check_and_strip(invite(classroom, email), email) for email in emails]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["status"] == "invited"


def test_invite_query_count_does_not_depend_on_the_address_owner(api, classroom, stranger):
    client = api(classroom.tutor)
    address = f"/api/classrooms/{classroom.pk}/members/"
    client.post(address, {"email": "first@x.example"})
    query_counts = []
    for email in (stranger.email, "nobody@x.example"):
        with CaptureQueriesContext(connection) as queries:
            client.post(address, {"email": email})
        query_counts.append(len(queries))
    assert query_counts[0] == query_counts[1]


@pytest.mark.parametrize("status", ["invited", "removed"])
def test_name_of_an_invited_student_is_hidden_until_acceptance(
    api, invite, tutor, classroom, stranger, status
):
    invited = invite(classroom, stranger.email).json()["id"]
    if status == "removed":
        answer = api(tutor).patch(f"/api/memberships/{invited}/", {"status": status})
        assert answer.json()["student"]["first_name"] == ""
    address = f"/api/classrooms/{classroom.pk}/members/"
    [found] = api(tutor).get(address, {"status": status}).json()["results"]
    assert found["student"] == {
        "id": None, "first_name": "", "last_name": "", "email": stranger.email,
    }  # fmt: skip
    assert api(tutor).get(address, {"q": stranger.last_name}).json()["count"] == 0
    assert api(tutor).get(address, {"q": stranger.email.upper()}).json()["count"] == 1


@pytest.mark.parametrize("status", ["left", "removed", "declined"])
def test_invitation_of_a_former_members_address_looks_like_a_strangers(
    invite, classroom, student, status
):
    """The id of their membership would tell the tutor that the address is theirs now."""
    student.emailaddress_set.update(verified=True)
    classroom.memberships.update(status=status)
    shape = {"status": "invited", "joined_at": None, "role": "student"}
    for email in (student.email, "nobody@x.example"):
        answer = invite(classroom, email).json()
        assert answer.pop("id") not in classroom.memberships.filter(student=student).values_list(
            "pk", flat=True
        )
        person = {"id": None, "first_name": "", "last_name": "", "email": email}
        assert answer == {**shape, "classroom_id": classroom.pk, "student": person}


def test_order_of_members_does_not_reveal_hidden_names(api, tutor, classroom):
    for name in ("Aaa", "Яяя"):
        make_membership(classroom, make_user("student", "A", name), "invited")
    results = api(tutor).get(f"/api/classrooms/{classroom.pk}/members/").json()["results"]
    assert [m["status"] for m in results] == ["active", "invited", "invited"]


@pytest.mark.parametrize(
    "spelling", ["Olena@ШКОЛА.укр", "olena@xn--80atdl2c.xn--j1amh", "olena@школа.укр\u200b"]
)
def test_spellings_of_one_address_share_one_invitation(invite, classroom, spelling):
    first = invite(classroom, "olena@школа.укр").json()
    assert invite(classroom, spelling).json() == first
    assert first["student"]["email"] == "olena@школа.укр"


# Who may accept


def test_unconfirmed_address_cannot_accept_or_decline(api, invite, classroom):
    invited = invite(classroom, "victim@x.example").json()["id"]
    impostor = sign_up_client("victim@x.example")
    for action in ("accept", "decline"):
        assert post_action(impostor, invited, action)[0] == 403
    membership = impostor.post("/api/classrooms/join/", {"join_code": classroom.join_code}).json()
    assert membership["id"] != invited
    assert Membership.objects.get(pk=invited).status == "invited"


def test_owner_of_a_confirmed_address_accepts(invite, classroom):
    invited = invite(classroom, "new@x.example").json()["id"]
    owner = sign_up_client("new@x.example")
    EmailAddress.objects.filter(email="new@x.example").update(verified=True)
    assert post_action(owner, invited, "accept")[1]["status"] == "active"


def test_invitation_to_a_second_address_requires_confirmation(api, invite, classroom, stranger):
    EmailAddress.objects.create(user=stranger, email="second@x.example", verified=True)
    EmailAddress.objects.create(user=stranger, email="third@x.example", verified=False)
    for email, seen in (("second@x.example", True), ("third@x.example", False)):
        invited = invite(classroom, email).json()["id"]
        assert Membership.objects.of(stranger).filter(pk=invited).exists() is seen
        if seen:
            assert post_action(api(stranger), invited, "accept")[0] == 200


def test_signed_link_accepts_without_a_confirmed_address(api, invite, classroom):
    invited = invite(classroom, "new@x.example").json()["id"]
    token = create_token(api, classroom, invited)
    status, membership = post_action(
        sign_up_client("other@x.example"), invited, "accept", invitation=token
    )
    assert (status, membership["status"]) == (200, "active")
    assert (
        post_action(sign_up_client("third@x.example"), invited, "accept", invitation=token)[0]
        == 403
    )


def test_link_accepts_only_its_own_invitation(api, invite, classroom, stranger):
    first, second = (invite(classroom, f"{n}@x.example").json()["id"] for n in "ab")
    token = create_token(api, classroom, first)
    assert post_action(api(stranger), second, "accept", invitation=token)[0] == 403
    status, error = post_action(api(stranger), first, "accept", invitation=token[:-2])
    assert (status, error["error"]) == (400, "invite_invalid")


def test_link_is_invalid_after_the_invitation_ends_even_if_invited_again(
    api, invite, tutor, classroom, stranger
):
    invited = invite(classroom, "new@x.example").json()["id"]
    token = create_token(api, classroom, invited)
    api(tutor).patch(f"/api/memberships/{invited}/", {"status": "removed"})
    assert post_action(api(stranger), invited, "accept", invitation=token)[0] == 400
    invite(classroom, "new@x.example")
    assert post_action(api(stranger), invited, "accept", invitation=token)[0] == 400


def test_link_expires(api, invite, classroom, stranger):
    membership = Membership.objects.get(pk=invite(classroom, "new@x.example").json()["id"])
    old = timezone.now() - invitations.LINK_LIFETIME - timedelta(minutes=1)
    token = invitations.make_invitation_link(membership, old).token
    status, error = post_action(api(stranger), membership.pk, "accept", invitation=token)
    assert (status, error["error"]) == (410, "invite_expired")


def test_link_does_not_accept_what_somebody_else_has_just_accepted(classroom, student, stranger):
    """The invitation may have been read before the other acceptance was committed."""
    invited = {"classroom": classroom, "invited_email": "x@home.example", "status": "invited"}
    seen = Membership.objects.create(**invited)
    other = make_user("student")
    accept_invitation(membership=seen, student=other)
    with pytest.raises(DomainError, match="withdrawn"):
        accept_invitation(membership=seen, student=stranger)
    assert classroom.memberships.filter(student=other, status="active").exists()


def test_tutor_cannot_accept_by_the_link(api, invite, tutor, other_tutor, classroom):
    invited = invite(classroom, "new@x.example").json()["id"]
    token = create_token(api, classroom, invited)
    for person in (tutor, other_tutor):
        assert post_action(api(person), invited, "accept", invitation=token)[0] == 403


def test_paused_student_cannot_accept_by_a_second_address(api, invite, tutor, classroom, student):
    membership = classroom.memberships.get()
    api(tutor).patch(f"/api/memberships/{membership.pk}/", {"status": "paused"})
    invited = invite(classroom, "second@x.example").json()["id"]
    token = create_token(api, classroom, invited)
    assert post_action(api(student), invited, "accept", invitation=token)[0] == 403


def test_removed_student_cannot_take_an_invitation_by_taking_its_address(
    api, invite, tutor, classroom
):
    former = sign_up_client("former@x.example")
    membership = former.post("/api/classrooms/join/", {"join_code": classroom.join_code}).json()
    api(tutor).patch(f"/api/memberships/{membership['id']}/", {"status": "removed"})
    user = User.objects.get(email="former@x.example")
    EmailAddress.objects.create(user=user, email="victim@x.example").set_as_primary()
    invited = invite(classroom, "victim@x.example").json()["id"]
    for each in (membership["id"], invited):
        assert post_action(former, each, "accept")[0] == 403
    token = create_token(api, classroom, invited)
    status, accepted = post_action(
        sign_up_client("owner@x.example"), invited, "accept", invitation=token
    )
    assert (status, accepted["status"]) == (200, "active")


# Declining and leaving


def test_declined_invitation_cannot_be_accepted_until_reinvited(api, invite, classroom, stranger):
    invited = invite(classroom, stranger.email).json()["id"]
    for _ in range(2):
        status, membership = post_action(api(stranger), invited, "decline")
        assert (status, membership["status"]) == (200, "declined")
        assert membership["student"]["first_name"] == ""
    assert post_action(api(stranger), invited, "accept")[0] == 403
    assert invite(classroom, stranger.email).json()["status"] == "invited"


def test_student_who_left_rejoins_by_the_code(
    api, tutor, student, classroom, settings, mailoutbox, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "smtp://localhost"
    membership = classroom.memberships.get()
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            assert post_action(api(student), membership.pk, "leave")[1]["status"] == "left"
    assert [mail.to for mail in mailoutbox] == [[tutor.email]]
    assert api(tutor).get("/api/classroom/my-students/").json()["count"] == 0
    back = api(student).post("/api/classrooms/join/", {"join_code": classroom.join_code}).json()
    assert (back["id"], back["status"]) == (membership.pk, "active")


def test_paused_student_who_left_cannot_rejoin_by_the_code(api, tutor, student, classroom):
    membership = classroom.memberships.get()
    api(tutor).patch(f"/api/memberships/{membership.pk}/", {"status": "paused"})
    assert post_action(api(student), membership.pk, "leave")[1]["status"] == "removed"
    answer = api(student).post("/api/classrooms/join/", {"join_code": classroom.join_code})
    assert answer.status_code == 403


def test_leaving_or_declining_for_another_user_is_forbidden(
    api, tutor, other_tutor, stranger, classroom
):
    membership = classroom.memberships.get()
    for person in (tutor, other_tutor, stranger):
        for action in ("leave", "decline"):
            assert post_action(api(person), membership.pk, action)[0] == 403


def test_member_and_student_lists_follow_the_ukrainian_alphabet(api, tutor):
    names = [
        "Zebra",
        "Гнатюк",
        "Ґалаґан",
        "Дем’янчук",
        "Єва",
        "Жук",
        "Ирій",
        "Іваненко",
        "Їжак",
        "Йова",
    ]
    students = [make_user("student", "Анна", name) for name in names[::-1]]
    classroom = make_classroom(tutor, *students)
    for address in (f"/api/classrooms/{classroom.pk}/members/", "/api/classroom/my-students/"):
        results = api(tutor).get(address).json()["results"]
        found = [row.get("student", row)["last_name"] for row in results]
        assert found == names


def test_removed_student_cannot_accept_an_older_invitation_to_a_second_address(
    api, tutor, student, invite
):
    classroom = make_classroom(tutor)
    second = "second@school.example"
    EmailAddress.objects.create(user=student, email=second, verified=True, primary=False)
    first = invite(classroom, student.email).json()["id"]
    older = invite(classroom, second).json()["id"]
    assert post_action(api(student), first, "accept")[0] == 200
    member = Membership.objects.get(classroom=classroom, student=student)
    removed = api(tutor).patch(f"/api/memberships/{member.pk}/", {"status": "removed"})
    assert removed.status_code == 200
    assert post_action(api(student), older, "accept")[0] in (403, 404)
    assert not Membership.objects.filter(classroom=classroom, status="active").exists()
