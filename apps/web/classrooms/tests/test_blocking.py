"""A student blocks the invitations of a tutor."""

import pytest
from django.core import mail
from django.db import OperationalError
from django.utils import timezone

from apps.accounts.models import TutorBlock
from apps.accounts.placeholders import make_student_link
from apps.classrooms.invitations import make_invitation_link
from apps.classrooms.services import invite_to_classroom
from apps.classrooms.students import mail_student_link
from apps.common.models import MailMessage
from tests.builders import make_classroom, make_placeholder

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sends_mail(settings, stranger):
    settings.EMAIL_URL = "smtp://mail.example"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    stranger.emailaddress_set.update(verified=True)


def path_of(link, settings):
    return link.url.removeprefix(settings.PUBLIC_URL)


def invitations(client):
    """The tutors' invitations that the two pages list."""
    pages = [client.get(path).content.decode() for path in ("/calendar/", "/classrooms/")]
    return ["Тарас Вчитель" in page for page in pages]


def test_blocked_tutor_fills_neither_list_nor_mailbox(
    browser, api, tutor, stranger, classroom, django_capture_on_commit_callbacks
):
    first = invite_to_classroom(classroom=classroom, email=stranger.email)
    client = browser(stranger)
    assert invitations(client) == [True, True]
    page = client.get(f"/memberships/{first.pk}/decline/").content.decode()
    assert "Don’t show me any more invitations from this tutor" in page
    client.post(f"/memberships/{first.pk}/decline/", {"block": "on"})
    other = make_classroom(tutor, name="Geometry")
    make_placeholder(other, email=stranger.email)
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        answer = api(tutor).post(f"/api/classrooms/{other.pk}/members/", {"email": stranger.email})
    assert (answer.status_code, answer.json()["status"]) == (201, "invited")
    assert invitations(client) == [False, False]
    assert mail.outbox == []


def test_declined_invitation_without_block_lets_the_tutor_invite_again(
    browser, tutor, stranger, classroom
):
    first = invite_to_classroom(classroom=classroom, email=stranger.email)
    client = browser(stranger)
    client.post(f"/memberships/{first.pk}/decline/")
    invite_to_classroom(classroom=make_classroom(tutor, name="B"), email=stranger.email)
    assert invitations(client) == [True, True]


@pytest.mark.parametrize("kind", ["classroom", "student"])
def test_tutor_is_blocked_on_the_page_of_a_link(
    browser, settings, tutor, other_tutor, stranger, classroom, kind
):
    client, now = browser(stranger), timezone.now()
    if kind == "classroom":
        membership = invite_to_classroom(classroom=classroom, email=stranger.email)
        link, page = make_invitation_link(membership, now), "/classrooms/invitation/"
    else:
        placeholder = make_placeholder(classroom, email=stranger.email)
        link, page = make_student_link(placeholder, now), "/students/invitation/"
    client.get(path_of(link, settings))
    assert "Decline and block this tutor" in client.get(page).content.decode()
    client.post(page, {"answer": "block"})
    block = TutorBlock.objects.get()
    assert (block.student, block.tutor) == (stranger, tutor)
    make_placeholder(classroom, email=stranger.email)
    assert invitations(client) == [False, False]


def test_tutor_with_another_tutors_link_blocks_nobody(browser, settings, other_tutor, classroom):
    client = browser(other_tutor)
    client.get(path_of(make_student_link(make_placeholder(classroom), timezone.now()), settings))
    client.post("/students/invitation/", {"answer": "block"})
    assert not TutorBlock.objects.exists()


def test_joining_a_classroom_ends_the_block(api, tutor, stranger, classroom):
    TutorBlock.objects.create(student=stranger, tutor=tutor)
    api(stranger).post("/api/classrooms/join/", {"join_code": classroom.join_code})
    assert not TutorBlock.objects.exists()


@pytest.mark.parametrize("kind", ["invitation", "student link"])
@pytest.mark.parametrize("is_blocked", [False, True])
def test_mail_of_a_blocked_tutor_is_queued_as_a_decoy(
    settings, tutor, stranger, classroom, django_capture_on_commit_callbacks, kind, is_blocked
):
    """Otherwise the time of the answer tells the tutor that the address is somebody's."""
    settings.EMAIL_BACKEND = "apps.common.mail_queue.QueueBackend"
    if is_blocked:
        TutorBlock.objects.create(student=stranger, tutor=tutor)
    with django_capture_on_commit_callbacks(execute=True):
        if kind == "invitation":
            invite_to_classroom(classroom=classroom, email=stranger.email)
        else:
            placeholder = make_placeholder(classroom, email=stranger.email)
            mail_student_link(tutor=tutor, student=placeholder)
    queued = MailMessage.objects.get()
    assert queued.recipient == ("" if is_blocked else stranger.email)
    assert b"/invitation/" in bytes(queued.content)


@pytest.mark.parametrize("kind", ["page", "link", "student link"])
def test_declining_is_undone_where_blocking_fails(
    browser, settings, stranger, classroom, monkeypatch, kind
):
    def fail(**_given):
        raise OperationalError

    client, now = browser(stranger), timezone.now()
    client.raise_request_exception = False
    membership = invite_to_classroom(classroom=classroom, email=stranger.email)
    placeholder = make_placeholder(classroom, email=stranger.email)
    monkeypatch.setattr("apps.accounts.tutor_blocks.block_tutor", fail)
    if kind == "page":
        client.post(f"/memberships/{membership.pk}/decline/", {"block": "on"})
    elif kind == "link":
        client.get(path_of(make_invitation_link(membership, now), settings))
        client.post("/classrooms/invitation/", {"answer": "block"})
    else:
        client.get(path_of(make_student_link(placeholder, now), settings))
        client.post("/students/invitation/", {"answer": "block"})
    membership.refresh_from_db()
    placeholder.refresh_from_db()
    assert (membership.status, placeholder.contact_email) == ("invited", stranger.email)


def test_student_blocks_lists_and_unblocks_by_the_api(api, tutor, stranger, classroom):
    membership = invite_to_classroom(classroom=classroom, email=stranger.email)
    client, url = api(stranger), "/api/me/blocked-tutors/"
    client.post(f"/api/memberships/{membership.pk}/decline/", {"block_tutor": True})
    page = client.get(url).json()
    assert page["count"] == 1
    [block] = page["results"]
    assert block.pop("blocked_at")
    assert block == {"tutor_id": tutor.pk, "first_name": "Тарас", "last_name": "Вчитель"}
    answers = [client.delete(f"{url}{tutor.pk}/").status_code for _ in range(2)]
    assert answers == [204, 404]
    assert client.get(url).json() == {"count": 0, "results": []}


def test_settings_page_unblocks_a_tutor(browser, tutor, other_tutor, student, stranger):
    for person, blocked in ((stranger, tutor), (stranger, other_tutor), (student, tutor)):
        TutorBlock.objects.create(student=person, tutor=blocked)
    client, path = browser(stranger), "/settings/blocked-tutors/"
    assert path in client.get("/settings/").content.decode()
    assert "Тарас Вчитель" in client.get(path).content.decode()
    assert client.post(path, {"tutor": tutor.pk}, follow=True).status_code == 200
    assert client.post(path, {"tutor": "²"}).status_code == 302
    left = TutorBlock.objects.values_list("student", "tutor")
    assert set(left) == {(stranger.pk, other_tutor.pk), (student.pk, tutor.pk)}


def test_tutor_taken_for_a_student_declines_and_cannot_block(
    browser, api, settings, tutor, other_tutor, classroom
):
    other_tutor.emailaddress_set.update(verified=True)
    membership = invite_to_classroom(classroom=classroom, email=other_tutor.email)
    url = f"/api/memberships/{membership.pk}/decline/"
    assert api(other_tutor).post(url, {"block_tutor": True}).status_code == 403
    client = browser(other_tutor)
    client.get(path_of(make_invitation_link(membership, timezone.now()), settings))
    assert 'value="decline"' in client.get("/classrooms/invitation/").content.decode()
    assert client.post("/classrooms/invitation/", {"answer": "decline"}).status_code == 302
    membership.refresh_from_db()
    assert membership.status == "declined"
    assert api(other_tutor).post(url).status_code == 200
