"""Students join classrooms by code and accept invitations."""

from types import SimpleNamespace

import pytest
from django.utils import timezone

from apps.classrooms.invitations import make_invitation_link
from apps.classrooms.models import Membership
from tests.builders import make_membership


def test_join_link_shows_form_that_joins(browser, stranger, classroom):
    client = browser(stranger)
    code = classroom.join_code
    assert f'value="{code}"' in client.get(f"/join/{code}/").content.decode()
    assert not Membership.objects.filter(student=stranger).exists()
    client.post("/join/", {"join_code": f"{code[:4]}-{code[4:]}".lower()})
    assert Membership.objects.get(student=stranger).status == "active"


def test_wrong_code_is_an_error_in_the_form(browser, stranger):
    response = browser(stranger).post("/join/", {"join_code": "NOPE2345"})
    assert response.status_code == 400
    page = response.content.decode()
    assert "No classroom has this code." in page
    assert 'value="NOPE2345"' in page


def test_join_attempts_are_rate_limited(browser, stranger, monkeypatch):
    monkeypatch.setattr("apps.common.rate_limits.time", SimpleNamespace(time=lambda: 960.0))
    client = browser(stranger)
    for _ in range(30):
        client.post("/join/", {"join_code": "NOPE2345"})
    assert "Too many attempts" in client.post("/join/", {"join_code": "NOPE2345"}).content.decode()


def test_student_accepts_invitation(browser, stranger, classroom):
    invitation = make_membership(classroom, stranger, "invited")
    client = browser(stranger)
    assert "You are invited" in client.get("/classrooms/").content.decode()
    client.post(f"/memberships/{invitation.pk}/accept/")
    invitation.refresh_from_db()
    assert invitation.status == "active"


@pytest.mark.parametrize(("answer", "status"), [("accept", "active"), ("decline", "declined")])
def test_second_click_on_an_answer_leads_to_the_first_result(
    browser, stranger, classroom, answer, status
):
    invitation = Membership.objects.create(
        classroom=classroom, invited_email="x@x.example", status="invited"
    )
    token = make_invitation_link(invitation, timezone.now()).token
    client = browser(stranger)
    client.get(f"/classrooms/invitation/{token}/")
    for _click in range(2):
        assert client.post("/classrooms/invitation/", {"answer": answer}).url == "/classrooms/"
    invitation.refresh_from_db()
    assert invitation.status == status
