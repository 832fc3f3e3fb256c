"""A student blocks the invitations of a tutor."""

import pytest
from django.core import mail
from django.utils import timezone

from apps.accounts.models import TutorBlock
from apps.accounts.placeholders import make_student_link
from apps.classrooms.invitations import make_invitation_link
from apps.classrooms.services import invite_to_classroom
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
