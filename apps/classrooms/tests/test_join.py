"""POST /api/classrooms/join/: a student joins by the code."""

from types import SimpleNamespace

import pytest

from apps.classrooms import services
from apps.classrooms.models import Membership
from tests.builders import make_membership, make_user

pytestmark = pytest.mark.django_db
URL = "/api/classrooms/join/"


def join(client, code):
    return client.post(URL, {"join_code": code})


def test_join_returns_the_active_membership(api, stranger, classroom):
    answer = join(api(stranger), classroom.join_code)
    membership = Membership.objects.get(student=stranger)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": membership.pk,
        "classroom_id": classroom.pk,
        "student": {
            "id": stranger.pk,
            "first_name": "Some",
            "last_name": "Stranger",
            "email": stranger.email,
        },
        "role": "student",
        "status": "active",
        "joined_at": membership.joined_at.isoformat().replace("+00:00", "Z"),
    }


def test_code_in_lower_case_with_hyphen_and_spaces_is_accepted(api, stranger, classroom):
    code = classroom.join_code.lower()
    assert join(api(stranger), f" {code[:4]}-{code[4:]} ").status_code == 200


@pytest.mark.parametrize("code", ["ZZZZZZZZ", "x", "ß" * 32, "0' OR 1=1"])
def test_unknown_code_is_not_found(api, stranger, classroom, code):
    answer = join(api(stranger), code)
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


@pytest.mark.parametrize("code", [None, "", 12345678, [], "x" * 33, "A\x00"])
def test_malformed_code_is_a_validation_error(api, stranger, classroom, code):
    answer = join(api(stranger), code)
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert set(answer.json()["fields"]) == {"join_code"}


def test_joining_twice_creates_one_membership(api, stranger, classroom):
    first, again = (join(api(stranger), classroom.join_code).json() for _ in range(2))
    assert first == again
    assert Membership.objects.filter(student=stranger).count() == 1


def test_tutor_may_not_join(api, other_tutor, classroom):
    answer = join(api(other_tutor), classroom.join_code)
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


@pytest.mark.parametrize("status", ["paused", "removed"])
def test_paused_or_removed_student_cannot_rejoin_by_the_code(api, stranger, classroom, status):
    make_membership(classroom, stranger, status)
    answer = join(api(stranger), classroom.join_code)
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert Membership.objects.get(student=stranger).status == status


def test_joining_accepts_a_pending_invitation(api, tutor, stranger, classroom):
    url = f"/api/classrooms/{classroom.pk}/members/"
    invited = api(tutor).post(url, {"email": stranger.email}).json()
    answer = join(api(stranger), classroom.join_code).json()
    assert (answer["id"], answer["status"]) == (invited["id"], "active")


def test_code_of_an_archived_classroom_is_not_found(api, tutor, stranger, classroom):
    api(tutor).delete(f"/api/classrooms/{classroom.pk}/")
    assert join(api(stranger), classroom.join_code).status_code == 404


def test_replaced_code_is_not_found_and_members_are_kept(api, stranger, classroom):
    old = classroom.join_code
    classroom.rotate_join_code()
    assert join(api(stranger), old).status_code == 404
    assert join(api(stranger), classroom.join_code).status_code == 200
    assert classroom.memberships.count() == 2


def test_join_attempts_are_throttled(api, stranger, classroom, monkeypatch):
    monkeypatch.setattr("apps.common.rate_limits.time", SimpleNamespace(time=lambda: 960.0))
    client = api(stranger)
    answers = [join(client, "ZZZZZZZZ") for _ in range(31)]
    assert {answer.status_code for answer in answers[:30]} == {404}
    assert (answers[30].status_code, answers[30].json()["error"]) == (429, "throttled")
    assert 1 <= int(answers[30]["Retry-After"]) <= 60


def test_closed_code_is_not_found_until_it_is_opened(api, stranger, classroom):
    classroom.set_code_open(False)
    answer = join(api(stranger), classroom.join_code)
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    classroom.set_code_open(True)
    assert join(api(stranger), classroom.join_code).status_code == 200


@pytest.fixture
def join_by_mail(api, classroom, settings, mailoutbox, django_capture_on_commit_callbacks):
    """Let somebody join on a server that sends mail; return the mails to the tutor."""
    settings.EMAIL_URL = "smtp://mail.example"
    classroom.tutor.locale = "en"
    classroom.tutor.save()

    def join_and_read(student):
        with django_capture_on_commit_callbacks(execute=True):
            assert join(api(student), classroom.join_code).status_code == 200
        return [mail for mail in mailoutbox if mail.to == [classroom.tutor.email]]

    return join_and_read


def test_tutor_is_notified_once_of_a_new_member(join_by_mail, stranger, classroom):
    [mail] = join_by_mail(stranger)
    assert stranger.get_full_name() in mail.body
    assert f"/classrooms/{classroom.pk}/" in mail.body
    assert "same name" not in mail.body
    assert len(join_by_mail(stranger)) == 1


@pytest.mark.parametrize("status", ["paused", "removed"])
def test_notice_names_an_excluded_student_of_the_same_name(
    join_by_mail, student, classroom, status
):
    Membership.objects.filter(student=student).update(status=status)
    again = make_user("student", first_name=student.first_name, last_name=student.last_name)
    [mail] = join_by_mail(again)
    assert "paused or removed there has the same name" in mail.body


def test_tutor_is_not_notified_of_an_invited_student(join_by_mail, stranger, classroom):
    make_membership(classroom, stranger, "invited")
    assert join_by_mail(stranger) == []


def test_notices_of_joining_are_limited(join_by_mail, stranger, classroom, monkeypatch):
    for _ in range(services.MAX_NOTICES_PER_MEMBER + 2):
        mails = join_by_mail(stranger)
        Membership.objects.filter(student=stranger).update(status="left")
    assert len(mails) == services.MAX_NOTICES_PER_MEMBER
    monkeypatch.setattr(services, "MAX_NOTICES_PER_CLASSROOM", len(mails) + 1)
    for _ in range(3):
        mails = join_by_mail(make_user("student"))
    assert len(mails) == services.MAX_NOTICES_PER_CLASSROOM


def test_code_is_closed_and_opened_by_api(api, tutor, stranger, classroom):
    url, join = f"/api/classrooms/{classroom.pk}/", {"join_code": classroom.join_code}
    assert api(tutor).get(url).json()["join_code_open"] is True
    closed = api(tutor).patch(url, {"join_code_open": False}).json()
    assert (closed["join_code_open"], closed["join_code"]) == (False, classroom.join_code)
    assert api(stranger).post("/api/classrooms/join/", join).status_code == 404
    assert api(tutor).patch(url, {"name": "Sets"}).json()["join_code_open"] is False
    assert api(tutor).patch(url, {"join_code_open": True}).status_code == 200
    assert api(stranger).post("/api/classrooms/join/", join).status_code == 200


@pytest.mark.parametrize("value", ["false", 0, 1, [], {}])
def test_state_of_the_code_must_be_a_boolean(api, tutor, classroom, value):
    answer = api(tutor).patch(f"/api/classrooms/{classroom.pk}/", {"join_code_open": value})
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert set(answer.json()["fields"]) == {"join_code_open"}
