"""The page of mail in the administration."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from apps.common import mail, mail_history
from apps.common.mail_queue import queue_decoy
from apps.common.models import MailMessage
from tests.builders import make_user

URL = reverse("admin:common_mailmessage_changelist")


@pytest.fixture
def browse(client, settings, db):
    """Return a function that signs in staff who read this language."""
    settings.EMAIL_URL = "smtp://mail.example"
    settings.EMAIL_BACKEND = "apps.common.mail_queue.QueueBackend"

    def browse(locale, **rights):
        person = make_user("tutor", is_staff=True, locale=locale, **rights)
        client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
        return client

    return browse


def queue(state="waiting", **changes):
    mail.send(to="a@b.example", subject=f"Лист {state}", text="Таємне посилання", kind="lesson")
    row = MailMessage.objects.latest("pk")
    if state == "sent":
        changes |= {"content": None}
    MailMessage.objects.filter(pk=row.pk).update(state=state, **changes)
    return row.pk


def send_again(client, *rows):
    sent = {"action": "send_again", "_selected_action": rows}
    return client.post(URL, sent, follow=True).content.decode()


@pytest.mark.parametrize(
    ("locale", "state", "reason"),
    [
        ("uk", "можливо, надіслано", "Kreida зупинилася, перш ніж поштовий сервер відповів."),
        ("en", "perhaps sent", "Kreida was stopped before the mail server answered."),
    ],
)
def test_list_shows_state_and_reason_in_the_language_of_staff(browse, locale, state, reason):
    queue("uncertain", reason=mail_history.PROCESS_DIED)
    page = browse(locale, is_superuser=True).get(URL).content.decode()
    assert state in page
    assert reason in page
    assert "a@b.example" in page
    assert "Таємне посилання" not in page


def test_list_is_filtered_by_state_and_leaves_out_decoys(browse):
    queue("failed", reason="550 5.1.1 no such user")
    queue("sent")
    queue_decoy(EmailMessage("decoy", "x", to=["c@d.example"]))
    client = browse("en", is_superuser=True)
    assert len(client.get(URL).context["cl"].result_list) == 2
    [row] = client.get(URL, {"state__exact": "failed"}).context["cl"].result_list
    assert row.subject == "Лист failed"


def test_failed_and_uncertain_mail_is_queued_again(browse):
    rows = [queue("failed", expires_at=timezone.now()), queue("uncertain")]
    page = send_again(browse("en", is_superuser=True), *rows)
    assert "2 messages will be sent." in page
    again = MailMessage.objects.filter(pk__in=rows)
    assert [row.state for row in again] == ["waiting", "waiting"]
    assert all(row.expires_at > timezone.now() + timedelta(days=4) for row in again)


@pytest.mark.parametrize(
    ("state", "changes"),
    [("sent", {}), ("waiting", {}), ("sending", {}), ("failed", {"content": None})],
)
def test_other_mail_is_not_queued_again(browse, state, changes):
    row = queue(state, **changes)
    before = MailMessage.objects.get(pk=row)
    page = send_again(browse("en", is_superuser=True), row)
    assert "can’t be sent again" in page
    after = MailMessage.objects.get(pk=row)
    assert (after.state, after.try_at) == (before.state, before.try_at)


def test_staff_who_may_only_view_mail_cannot_send_it_again(browse, give_permission):
    row = queue("failed")
    client = browse("en")
    give_permission(client, "view_mailmessage")
    assert client.get(URL).status_code == 200
    send_again(client, row)
    assert MailMessage.objects.get(pk=row).state == "failed"


@pytest.fixture
def give_permission():
    from django.contrib.auth.models import Permission

    from apps.accounts.models import User

    def give(client, codename):
        person = User.objects.get(pk=client.session["_auth_user_id"])
        person.user_permissions.add(Permission.objects.get(codename=codename))

    return give
