"""Tests of invitations shown to a visitor before and after signing in."""

import pytest

from apps.classrooms.models import Membership
from apps.common.rate_limits import REQUESTS_PER_WINDOW
from tests.builders import PASSWORD


def sign_up(client, **fields):
    sent = {
        "email": "new@school.example",
        "password1": PASSWORD,
        "first_name": "Нова",
        "last_name": "Учениця",
        "role": "student",
        "timezone": "Europe/Kyiv",
        **fields,
    }
    return client.post("/accounts/signup/", sent)


def test_join_link_names_tutor_class_and_role_up_to_the_sign_up(browser, tutor, classroom):
    client = browser()
    path = f"/join/{classroom.join_code}/"
    page = client.get(path).content.decode()
    assert f"{tutor.get_full_name()} invites you to a classroom" in page
    assert "You join as a student." in page
    query = f"?next=%2Fjoin%2F{classroom.join_code}%2F"
    assert f'href="/accounts/signup/{query}">' in page  # the header's link
    for form in ("login", "signup"):
        page = client.get(f"/accounts/{form}/{query}").content.decode()
        assert f"{tutor.get_full_name()} invites you to the classroom “Algebra”" in page
        assert f"/accounts/{'signup' if form == 'login' else 'login'}/{query}" in page
    assert sign_up(client, next=path).url == path


def test_header_and_home_remember_the_code(browser, tutor, classroom):
    """A visitor who returns by the landing page still sees the invitation."""
    client = browser()
    client.get(f"/join/{classroom.join_code}/")
    page = client.get("/").content.decode()
    assert f"/accounts/signup/?next=%2Fjoin%2F{classroom.join_code}%2F" in page
    sign_up(client)
    page = client.get("/calendar/").content.decode()
    assert f'href="/join/{classroom.join_code}/">Continue' in page
    client.post("/join/", {"join_code": classroom.join_code})
    assert Membership.objects.get(classroom=classroom, student__email="new@school.example")
    assert "Continue" not in client.get("/calendar/").content.decode()


def test_code_counts_once_for_a_visitor_however_many_pages_name_its_classroom(
    browser, classroom, monkeypatch
):
    """A whole class may open the link from one address."""
    monkeypatch.setitem(REQUESTS_PER_WINDOW, "join", 2)
    path = f"/join/{classroom.join_code}/"
    for _visitor in range(2):
        client = browser()
        for page in (path, f"/accounts/signup/?next={path}", "/accounts/login/", path):
            answer = client.get(page)
            assert (answer.status_code, "Algebra" in answer.content.decode()) == (200, True)


@pytest.mark.django_db
def test_wrong_code_tells_a_visitor_nothing(browser):
    client = browser()
    assert client.get("/join/ABCDEFGH/").url == "/accounts/login/?next=/join/ABCDEFGH/"
    assert not client.session.keys()


@pytest.mark.django_db
@pytest.mark.parametrize(("query", "role"), [("role=tutor", "tutor"), ("role=student", "student")])
def test_role_of_the_link_is_chosen_in_the_form(query, role, browser):
    page = browser().get(f"/accounts/signup/?{query}").content.decode()
    chosen = page.partition(f'value="{role}"')[2].partition(">")[0]
    assert "checked" in chosen
    assert f"/accounts/signup/?{query}" in browser().get("/").content.decode()


def test_invited_student_accepts_on_the_first_page(browser, classroom, stranger):
    from tests.builders import make_membership

    made = make_membership(classroom, stranger, "invited")
    page = browser(stranger).get("/calendar/").content.decode()
    assert f'action="/memberships/{made.pk}/accept/"' in page
    assert "with the code you were given" not in page
