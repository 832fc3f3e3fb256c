from datetime import timedelta

import pytest
from django.utils import timezone

from apps.classrooms import services
from apps.classrooms.models import Classroom, Membership
from tests.builders import make_classroom, make_membership, make_user


def test_tutor_creates_classroom(browser, tutor):
    response = browser(tutor).post("/classrooms/", {"name": "Фізика"})
    assert response.url == f"/classrooms/{Classroom.objects.get(tutor=tutor).pk}/"


def test_classroom_without_name_is_refused(browser, tutor):
    response = browser(tutor).post("/classrooms/", {"name": " "})
    assert response.status_code == 400
    assert not Classroom.objects.exists()


def test_tutor_renames_classroom(browser, tutor, classroom):
    browser(tutor).post(f"/classrooms/{classroom.pk}/", {"name": "Algebra II"})
    classroom.refresh_from_db()
    assert classroom.name == "Algebra II"
    assert Classroom.objects.matching("ii").exists()


def test_archiving_can_be_undone(browser, tutor, classroom):
    client = browser(tutor)
    page = client.post(f"/classrooms/{classroom.pk}/archive/", follow=True).content.decode()
    undo = f"/classrooms/{classroom.pk}/restore/"
    assert f'action="{undo}"' in page
    assert client.get(f"/classrooms/{classroom.pk}/").status_code == 404
    client.post(undo)
    assert client.get(f"/classrooms/{classroom.pk}/").status_code == 200


def test_second_click_on_archive_or_restore_leads_to_the_first_result(browser, tutor, classroom):
    client = browser(tutor)
    page = f"/classrooms/{classroom.pk}/"
    for action, result in (("archive", "/classrooms/"), ("restore", page)):
        for _click in range(2):
            assert client.post(f"{page}{action}/").url == result
        assert Classroom.objects.filter(archived_at=None).exists() is (action == "restore")


@pytest.mark.parametrize(
    ("question", "sentence"), [("archive", "Archive “Algebra”?"), ("code", "Create a new code?")]
)
def test_get_shows_confirmation_page(question, sentence, browser, tutor, classroom):
    page = browser(tutor).get(f"/classrooms/{classroom.pk}/{question}/").content.decode()
    assert sentence in page
    assert f'action="/classrooms/{classroom.pk}/{question}/"' in page
    before = classroom.join_code
    classroom.refresh_from_db()
    assert (classroom.archived_at, classroom.join_code) == (None, before)


def test_only_tutor_of_classroom_restores_it(browser, tutor, other_tutor, classroom):
    browser(tutor).post(f"/classrooms/{classroom.pk}/archive/")
    response = browser(other_tutor).post(f"/classrooms/{classroom.pk}/restore/")
    assert response.status_code == 403


def test_classroom_page_has_code_link_and_qr_code(browser, tutor, classroom):
    client = browser(tutor)
    page = client.get(f"/classrooms/{classroom.pk}/").content.decode()
    code = classroom.join_code
    assert f"{code[:4]}-{code[4:]}" in page
    assert f"/join/{code}/" in page
    picture = client.get(f"/classrooms/{classroom.pk}/qr.svg/")
    assert picture["Content-Type"] == "image/svg+xml"
    assert picture.content.lstrip().startswith(b"<?xml")


def test_rotation_replaces_the_code(browser, tutor, classroom):
    before = classroom.join_code
    browser(tutor).post(f"/classrooms/{classroom.pk}/code/")
    classroom.refresh_from_db()
    assert classroom.join_code != before


def test_tutor_invites_by_email(browser, tutor, classroom):
    client = browser(tutor)
    client.post(f"/classrooms/{classroom.pk}/invite/", {"email": "New@school.example"})
    assert Membership.objects.get(invited_email="new@school.example").status == "invited"


def test_malformed_email_is_refused_and_kept_in_the_form(browser, tutor, classroom):
    response = browser(tutor).post(
        f"/classrooms/{classroom.pk}/invite/", {"email": "a..b@x.example"}
    )
    assert response.status_code == 400
    assert 'value="a..b@x.example"' in response.content.decode()


def test_tutor_pauses_resumes_and_removes_member(browser, tutor, classroom):
    membership = classroom.memberships.get()
    client = browser(tutor)
    for status in ("paused", "active", "removed"):
        client.post(f"/memberships/{membership.pk}/", {"status": status})
        membership.refresh_from_db()
        assert membership.status == status


@pytest.mark.parametrize("status", ["", "nonsense", "invited"])
def test_other_membership_status_is_refused(status, browser, tutor, classroom):
    membership = classroom.memberships.get()
    response = browser(tutor).post(
        f"/memberships/{membership.pk}/", {"status": status}, follow=True
    )
    assert response.status_code == 200
    membership.refresh_from_db()
    assert membership.status == "active"


def test_members_are_filtered_by_status(browser, tutor, classroom):
    make_membership(classroom, make_user("student", "Gone", "Person"), "removed")
    client = browser(tutor)
    assert "Gone Person" not in client.get(f"/classrooms/{classroom.pk}/").content.decode()
    page = client.get(f"/classrooms/{classroom.pk}/?status=removed").content.decode()
    assert "Gone Person" in page


@pytest.mark.parametrize("number", [1, 20])
def test_query_count_does_not_grow_with_members(
    number, browser, tutor, django_assert_max_num_queries
):
    room = make_classroom(tutor, *[make_user("student") for _ in range(number)])
    client = browser(tutor)
    with django_assert_max_num_queries(7):
        client.get(f"/classrooms/{room.pk}/")


def test_code_is_closed_and_opened(browser, tutor, stranger, classroom):
    client, url = browser(tutor), f"/classrooms/{classroom.pk}/"
    page = client.post(f"{url}joining/", {"open": "no"}, follow=True).content.decode()
    assert "nobody can join with it" in page
    assert classroom.join_code[:4] not in page
    refused = browser(stranger).post("/join/", {"join_code": classroom.join_code})
    assert refused.status_code == 400
    page = client.post(f"{url}joining/", {"open": "yes"}, follow=True).content.decode()
    assert classroom.join_code[:4] in page
    joined = browser(stranger).post("/join/", {"join_code": classroom.join_code})
    assert joined.status_code == 302


def test_new_members_are_marked_for_a_week(browser, tutor, student, classroom):
    mark, members = '<span class="badge new">', Membership.objects.filter(student=student)
    for age, status, is_marked in (
        (6, "active", True),
        (8, "active", False),
        (6, "paused", False),
    ):
        members.update(joined_at=timezone.now() - timedelta(days=age), status=status)
        page = browser(tutor).get(f"/classrooms/{classroom.pk}/").content.decode()
        assert (mark in page) is is_marked


def test_classroom_over_the_limit_is_refused_in_the_form(browser, tutor, classroom, monkeypatch):
    monkeypatch.setattr(services, "MAX_CLASSROOMS", 1)
    response = browser(tutor).post("/classrooms/", {"name": "Фізика"})
    assert response.status_code == 400
    assert "At most 1 classroom" in response.content.decode()
    assert Classroom.objects.count() == 1
