from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.common import mail, mail_queue
from apps.common.models import OutgoingMail
from tests.builders import PASSWORD, sign_up
from tests.server import free_port
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def smtp(settings):
    server = SmtpServer()
    use_smtp(settings, server.port)
    yield server
    server.stop()


def use_smtp(settings, port):
    settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_BACKEND = "apps.common.mail_queue.QueueBackend"


def queue(to="olena@school.example", text="Завтра о 10:00", subject="Урок"):
    mail.send(to=to, subject=subject, text=text)


def from_now(**by):
    return timezone.now() + timedelta(**by)


def test_queued_mail_is_sent_once_and_deleted(smtp):
    queue()
    assert smtp.messages == []
    mail_queue.send_queued(timezone.now())
    mail_queue.send_queued(from_now(hours=2))
    [message] = smtp.messages
    assert message.get_payload(decode=True).decode().strip() == "Завтра о 10:00"
    assert smtp.recipients == ["rcpt TO:<olena@school.example>"]
    assert not OutgoingMail.objects.exists()


def test_multipart_message_with_bcc_arrives_complete(smtp):
    message = EmailMessage("Тема", "текст", "a@b.example", ["c@d.example"], bcc=["e@f.example"])
    message.attach("звіт.txt", "привіт", "text/plain")
    message.send()
    mail_queue.send_queued(timezone.now())
    [sent] = smtp.messages
    assert [part.get_filename() for part in sent.get_payload()] == [None, "звіт.txt"]
    assert len(smtp.recipients) == 2
    assert "e@f.example" not in sent.as_string()


def test_sign_up_does_not_connect_to_the_mail_server(smtp):
    smtp.hangs = True
    assert sign_up(password=PASSWORD).status_code in (200, 401)
    assert OutgoingMail.objects.count() == 1
    assert smtp.connections == 0


def test_hanging_server_times_out_and_is_retried(smtp, settings):
    settings.EMAIL_TIMEOUT = 0.2
    smtp.hangs = True
    queue()
    mail_queue.send_queued(timezone.now())
    smtp.hangs = False
    mail_queue.send_queued(timezone.now())
    assert smtp.messages == []  # its delay is not over
    mail_queue.send_queued(from_now(seconds=31))
    assert len(smtp.messages) == 1


def test_retry_delays_grow_to_one_hour(settings):
    use_smtp(settings, free_port())
    queue()
    delays = []
    for _ in range(9):
        row = OutgoingMail.objects.get()
        mail_queue.send_queued(row.try_at)
        row.refresh_from_db()
        delays.append(round((row.try_at - timezone.now()).total_seconds()))
    assert delays == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


@pytest.mark.parametrize("code", [450, 451, 550])
def test_mail_refused_for_one_recipient_does_not_delay_the_others(smtp, code):
    smtp.codes["full@school.example"] = code
    for to in ("a@school.example", "full@school.example", "b@school.example"):
        queue(to)
    mail_queue.send_queued(timezone.now())
    assert [message["To"] for message in smtp.messages] == ["a@school.example", "b@school.example"]
    assert smtp.connections == 1
    assert [row.attempts for row in OutgoingMail.objects.all()] == ([1] if code < 500 else [])


def test_server_that_closes_the_connection_ends_the_run(smtp):
    smtp.recipient_code = 421
    for _ in range(3):
        queue()
    mail_queue.send_queued(timezone.now())
    assert smtp.connections == 1
    assert sorted(row.attempts for row in OutgoingMail.objects.all()) == [0, 0, 1]


def test_unreachable_server_is_tried_once_per_run(settings):
    use_smtp(settings, free_port())
    for _ in range(3):
        queue()
    mail_queue.send_queued(timezone.now())
    assert sorted(row.attempts for row in OutgoingMail.objects.all()) == [0, 0, 1]


def test_permanently_refused_mail_is_dropped_and_others_are_sent(smtp, log_lines):
    smtp.recipient_code = 550
    queue()
    mail_queue.send_queued(timezone.now())
    assert not OutgoingMail.objects.exists()
    smtp.recipient_code = 250
    queue()
    mail_queue.send_queued(timezone.now())
    assert len(smtp.messages) == 1
    [line] = [line for line in log_lines() if line["message"] == "mail was not sent"]
    assert line["final"] is True
    assert "olena" not in str(line)


def test_expired_mail_is_dropped_and_logged(smtp, log_lines):
    queue()
    OutgoingMail.objects.update(created_at=from_now(days=-1, seconds=-1))
    mail_queue.send_queued(timezone.now())
    assert smtp.messages == []
    assert not OutgoingMail.objects.exists()
    assert log_lines()[-1]["message"] == "mail was given up"


def test_expired_mails_are_counted_by_the_same_queries_whatever_their_number(
    smtp,
):
    counts = []
    for number in (1, 3):
        for _mail in range(number):
            queue()
        OutgoingMail.objects.update(created_at=from_now(days=-1, seconds=-1))
        with CaptureQueriesContext(connection) as queries:
            mail_queue.send_queued(timezone.now())
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert mail_queue.count_given_up(timezone.now()) == 4


def test_mail_over_the_attempts_limit_is_dropped(settings):
    use_smtp(settings, free_port())
    queue()
    OutgoingMail.objects.update(attempts=mail_queue.MAX_ATTEMPTS)
    mail_queue.send_queued(timezone.now())
    assert not OutgoingMail.objects.exists()


def test_full_queue_drops_mail_and_logs_it(smtp, monkeypatch, log_lines):
    monkeypatch.setattr(mail_queue, "MAX_QUEUED", 2)
    for _ in range(4):
        queue()
    assert OutgoingMail.objects.count() == 2
    assert [line["dropped"] for line in log_lines() if "dropped" in line] == [1, 1]


def test_oversized_message_is_dropped(smtp):
    queue(text="x" * (mail_queue.MAX_SIZE + 1))
    assert not OutgoingMail.objects.exists()


def test_mail_claimed_by_another_process_is_not_sent(smtp):
    queue()
    mine, other = OutgoingMail.objects.get(), OutgoingMail.objects.get()
    assert mine.claim(from_now(minutes=5))
    assert not other.claim(from_now(minutes=6))
    mail_queue.send_queued(timezone.now())
    assert smtp.messages == []


def test_process_that_dies_after_sending_sends_at_most_twice(smtp, monkeypatch):
    queue()

    def die(row):
        raise KeyboardInterrupt

    monkeypatch.setattr(OutgoingMail, "delete", die)
    for hours in (0, 1):
        with pytest.raises(KeyboardInterrupt):
            mail_queue.send_queued(from_now(hours=hours))
    mail_queue.send_queued(from_now(hours=2))
    assert len(smtp.messages) == 2
    assert len({message["Message-ID"] for message in smtp.messages}) == 1
    assert not OutgoingMail.objects.exists()


def test_mail_of_a_rolled_back_transaction_is_not_queued(smtp):
    message = EmailMessage("a", "b", "c@d.example", ["e@f.example"])

    def fail():
        with transaction.atomic():
            message.send()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not OutgoingMail.objects.exists()


def test_header_with_a_line_break_is_not_queued(smtp):
    with pytest.raises(ValueError):
        EmailMessage("a\nBcc: x@y.example", "b", "c@d.example", ["e@f.example"]).send()
    assert not OutgoingMail.objects.exists()
