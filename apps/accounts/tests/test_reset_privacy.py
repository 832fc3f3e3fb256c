"""A request for a password reset does the same work whether the address has an account or not."""

import re

import pytest
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.account_mails import DAILY_LIMITS, MAX_RESETS_PER_REQUESTER
from apps.common.mail_queue import send_queued
from apps.common.models import MailMessage
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)  # each commit is a call, too

KNOWN, UNKNOWN = "known@school.example", "unknown@school.example"


@pytest.fixture
def request_reset(settings, monkeypatch):
    """Returns a function that requests a reset and returns the calls it led to, in any order."""
    settings.EMAIL_URL = "smtp://mail.example"
    settings.EMAIL_BACKEND = "apps.common.mail_queue.QueueBackend"
    make_user("student", email=KNOWN)
    rendered = []
    render_mail = DefaultAccountAdapter.render_mail

    def render(self, template_prefix, *args, **kwargs):
        rendered.append("render")
        return render_mail(self, template_prefix, *args, **kwargs)

    monkeypatch.setattr(DefaultAccountAdapter, "render_mail", render)

    def request(email):
        cache.clear()  # allauth's limit per minute
        rendered.clear()
        with CaptureQueriesContext(connection) as queries:
            Client().post("/accounts/password/reset/", {"email": email})
        return sorted([*rendered, *(shape(query["sql"]) for query in queries)])

    return request


def shape(statement):
    """Return the statement without its values."""
    return re.sub(r"'(?:[^']|'')*'|\d+|x'[0-9a-f]*'", "?", statement.partition(" /*")[0])[:120]


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_each_request_does_the_same_work_for_known_and_unknown_addresses(
    request_reset, is_confirmed
):
    EmailAddress.objects.update(verified=is_confirmed)
    request_reset("somebody@school.example")  # loads what a first request loads
    for number in range(MAX_RESETS_PER_REQUESTER + 2):
        assert request_reset(KNOWN) == request_reset(UNKNOWN), number


def test_only_mails_within_the_limits_are_sent(request_reset, settings, mailoutbox):
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    for _ in range(MAX_RESETS_PER_REQUESTER + 2):
        request_reset(KNOWN)
        request_reset(UNKNOWN)
    send_queued(timezone.now())
    sent = [message.to for message in mailoutbox]
    assert sent.count([KNOWN]) == MAX_RESETS_PER_REQUESTER
    assert sent.count([UNKNOWN]) == DAILY_LIMITS["unknown_account"]
    assert len(sent) == sent.count([KNOWN]) + sent.count([UNKNOWN])
    assert MailMessage.objects.exclude(state="sent").count() == 0
