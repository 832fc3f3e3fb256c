import smtplib
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.common import mail, mail_history, mail_queue
from apps.common.mail_queue import Bound
from apps.common.models import MailMessage, OutgoingMail
from apps.common.smtp import SmtpTransport
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
    settings.MAIL_TRANSPORT = "apps.common.smtp.SmtpTransport"
    settings.EMAIL_BACKEND = "apps.common.mail_queue.QueueBackend"


def queue(to="olena@school.example", text="Завтра о 10:00", subject="Урок", **options):
    return mail.send(to=to, subject=subject, text=text, **options)


def states():
    return list(MailMessage.objects.order_by("pk").values_list("state", flat=True))


def read_text(message):
    text, _html = message.get_payload()
    return text.get_payload(decode=True).decode()


def from_now(**by):
    return timezone.now() + timedelta(**by)


def test_queued_mail_is_sent_once_and_its_content_deleted(smtp):
    queue()
    assert smtp.messages == []
    mail_queue.send_queued(timezone.now())
    mail_queue.send_queued(from_now(hours=2))
    [message] = smtp.messages
    assert read_text(message).strip() == "Завтра о 10:00"
    assert smtp.recipients == ["rcpt TO:<olena@school.example>"]
    row = MailMessage.objects.get()
    assert (row.state, row.content, row.attempts) == ("sent", None, 1)
    assert (row.recipient, row.subject) == ("olena@school.example", "Урок")


def test_multipart_message_with_bcc_arrives_complete(smtp):
    message = EmailMessage("Тема", "текст", "a@b.example", ["c@d.example"], bcc=["e@f.example"])
    message.attach("звіт.txt", "привіт", "text/plain")
    message.send()
    mail_queue.send_queued(timezone.now())
    for sent in smtp.messages:
        assert [part.get_filename() for part in sent.get_payload()] == [None, "звіт.txt"]
        assert "e@f.example" not in sent.as_string()
    assert smtp.recipients == ["rcpt TO:<c@d.example>", "rcpt TO:<e@f.example>"]


def test_sign_up_does_not_connect_to_the_mail_server(smtp):
    smtp.hangs = True
    assert sign_up(password=PASSWORD).status_code in (200, 401)
    assert MailMessage.objects.count() == 1
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
        row = MailMessage.objects.get()
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
    assert sorted(states()) == sorted(["sent", "sent", "waiting" if code < 500 else "failed"])
    assert MailMessage.objects.exclude(state="sent").get().reason == f"{code} answer"


def test_server_that_closes_the_connection_ends_the_run(smtp):
    smtp.recipient_code = 421
    for _ in range(3):
        queue()
    mail_queue.send_queued(timezone.now())
    assert smtp.connections == 1
    assert sorted(row.attempts for row in MailMessage.objects.all()) == [0, 0, 1]


def test_unreachable_server_is_tried_once_per_run(settings):
    use_smtp(settings, free_port())
    for _ in range(3):
        queue()
    mail_queue.send_queued(timezone.now())
    assert sorted(row.attempts for row in MailMessage.objects.all()) == [0, 0, 1]


def test_permanently_refused_mail_is_dropped_and_others_are_sent(smtp, log_lines):
    smtp.recipient_code = 550
    queue()
    mail_queue.send_queued(timezone.now())
    assert states() == ["failed"]
    smtp.recipient_code = 250
    queue()
    mail_queue.send_queued(timezone.now())
    assert len(smtp.messages) == 1
    [line] = [line for line in log_lines() if line["message"] == "mail was not sent"]
    assert line["final"] is True
    assert "olena" not in str(line)


def test_mail_server_that_is_down_for_a_weekend_loses_nothing(settings, smtp):
    use_smtp(settings, free_port())
    queue()
    start = timezone.now()
    for hour in range(72):
        mail_queue.send_queued(start + timedelta(hours=hour, minutes=1))
        MailMessage.objects.update(try_at=start + timedelta(hours=hour + 1))
    assert MailMessage.objects.get().attempts == 72
    assert "Connection refused" in MailMessage.objects.get().reason
    use_smtp(settings, smtp.port)
    mail_queue.send_queued(start + timedelta(hours=73))
    assert len(smtp.messages) == 1
    assert states() == ["sent"]


def test_mail_is_given_up_after_five_days_and_logged(smtp, log_lines):
    queue()
    MailMessage.objects.update(created_at=from_now(days=-5), expires_at=from_now(seconds=-1))
    mail_queue.send_queued(timezone.now())
    assert smtp.messages == []
    row = MailMessage.objects.get()
    assert (row.state, row.content, row.reason) == ("failed", None, mail_history.TOO_LATE)
    assert log_lines()[-1]["message"] == "mail was given up"


def test_mail_is_dropped_when_it_has_become_useless(smtp):
    queue(expires_at=from_now(minutes=10))
    mail_queue.send_queued(from_now(minutes=11))
    assert smtp.messages == []
    assert states() == ["dropped"]
    assert mail_history.count_not_sent(timezone.now()) == 0


def test_late_mails_end_by_the_same_queries_whatever_their_number(smtp):
    counts = []
    for number in (1, 3):
        for _mail in range(number):
            queue(expires_at=from_now(minutes=10))
        with CaptureQueriesContext(connection) as queries:
            mail_queue.send_queued(from_now(minutes=11))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert states() == ["dropped"] * 4


def test_mail_with_the_same_dedupe_key_is_sent_once(smtp):
    assert queue(dedupe_key="reminder:1:60")
    assert queue(dedupe_key="reminder:1:60")
    mail_queue.send_queued(timezone.now())
    queue(dedupe_key="reminder:1:60")
    mail_queue.send_queued(timezone.now())
    assert len(smtp.messages) == 1


@pytest.mark.parametrize("bound", ["FROM_STRANGERS", "COMPOSED", "DEFERRED"])
def test_full_queue_drops_mail_and_logs_it(smtp, monkeypatch, log_lines, bound):
    messages = getattr(mail_queue, bound).messages
    monkeypatch.setattr(mail_queue, bound, Bound(2, messages))
    for number in range(4):
        queue(kind="account")
        queue(kind="lesson")
        defer(str(number))
    assert MailMessage.objects.count() == 10
    assert [line["dropped"] for line in log_lines() if "dropped" in line] == [1, 1]


def defer(key, **by):
    expires_at = from_now(**(by or {"hours": 1}))
    return mail.defer("reminder", [mail.DeferredMail({"lesson": key}, key, expires_at)])


def compose(payload):
    if payload["lesson"] == "cancelled":
        return None
    return mail.compose(to="a@b.example", subject=f"Урок {payload['lesson']}", text="Скоро")


def test_deferred_mail_is_composed_when_it_is_sent(smtp):
    defer("7")
    defer("7")
    defer("cancelled")
    mail_queue.send_queued(timezone.now(), {"reminder": compose})
    [message] = smtp.messages
    assert message["To"] == "a@b.example"
    rows = MailMessage.objects.order_by("pk")
    assert [(row.state, row.subject) for row in rows] == [("sent", "Урок 7"), ("dropped", "")]
    assert [row.payload for row in rows] == [None, None]


def test_oversized_message_is_dropped(smtp):
    assert not queue(text="x" * (mail_queue.MAX_SIZE + 1))
    assert not MailMessage.objects.exists()


def test_mail_claimed_by_another_process_is_not_sent(smtp):
    queue()
    mine, other = MailMessage.objects.get(), MailMessage.objects.get()
    assert mine.claim(from_now(minutes=5))
    assert not other.claim(from_now(minutes=6))
    mail_queue.send_queued(timezone.now())
    assert smtp.messages == []


def test_message_claimed_by_another_process_meanwhile_is_not_ended(smtp, monkeypatch):
    queue()
    queue("second@school.example")
    first = MailMessage.objects.order_by("pk").first()
    begin_sending = MailMessage.begin_sending

    def begin_late(mail, until):
        if mail.pk == first.pk:
            MailMessage.objects.filter(pk=first.pk).update(try_at=from_now(minutes=9))
        return begin_sending(mail, until)

    monkeypatch.setattr(MailMessage, "begin_sending", begin_late)
    mail_queue.send_queued(timezone.now())
    assert [message["To"] for message in smtp.messages] == ["second@school.example"]
    assert states() == ["waiting", "sent"]


def test_process_that_dies_after_the_end_of_a_message_leaves_it_uncertain(smtp, monkeypatch):
    queue()

    def die(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MailMessage, "finish", die)
        with pytest.raises(KeyboardInterrupt):
            mail_queue.send_queued(timezone.now())
    assert states() == ["sending"]
    mail_queue.send_queued(from_now(minutes=4))
    assert states() == ["sending"]
    mail_queue.send_queued(from_now(minutes=6))
    mail_queue.send_queued(from_now(hours=3))
    assert len(smtp.messages) == 1
    row = MailMessage.objects.get()
    assert (row.state, row.reason) == ("uncertain", mail_history.PROCESS_DIED)
    assert mail_history.count_not_sent(timezone.now()) == 1


def test_lost_reply_leaves_the_message_uncertain(smtp):
    smtp.cut_after_data = True
    queue()
    mail_queue.send_queued(timezone.now())
    smtp.cut_after_data = False
    mail_queue.send_queued(from_now(hours=3))
    assert len(smtp.messages) == 1
    assert states() == ["uncertain"]


def test_connection_lost_before_the_end_of_a_message_is_retried(smtp):
    smtp.cuts_at_data = True
    queue()
    mail_queue.send_queued(timezone.now())
    assert states() == ["waiting"]
    smtp.cuts_at_data = False
    mail_queue.send_queued(from_now(hours=1))
    assert len(smtp.messages) == 1
    assert states() == ["sent"]


@pytest.mark.parametrize(("code", "state"), [(451, "waiting"), (554, "failed")])
def test_message_refused_after_its_end_was_not_delivered(smtp, code, state):
    smtp.data_code = code
    queue()
    mail_queue.send_queued(timezone.now())
    row = MailMessage.objects.get()
    assert (row.state, row.reason) == (state, f"{code} taken")
    assert row.content


def test_dots_and_line_ends_arrive_as_they_were(smtp):
    text = ".\n..x\n.кінець\n\n."
    queue(text=text)
    mail_queue.send_queued(timezone.now())
    [message] = smtp.messages
    assert read_text(message).replace("\r\n", "\n").rstrip("\n") == text


def test_old_records_are_deleted_and_their_content_earlier(smtp):
    smtp.recipient_code = 550
    for _ in range(2):
        queue()
    mail_queue.send_queued(timezone.now())
    mail_history.delete_old(from_now(days=4))
    assert [bool(row.content) for row in MailMessage.objects.all()] == [True, True]
    mail_history.delete_old(from_now(days=6))
    assert [row.content for row in MailMessage.objects.all()] == [None, None]
    mail_history.delete_old(from_now(days=31))
    assert not MailMessage.objects.exists()


def test_history_is_bounded_except_for_keys_that_prevent_repetition(smtp, monkeypatch):
    monkeypatch.setattr(mail_history, "MAX_KEPT", 2)
    for number in range(4):
        queue(subject=str(number))
        queue(subject="key", dedupe_key=str(number))
    mail_queue.send_queued(timezone.now())
    queue(subject="waits")
    mail_history.delete_old(timezone.now())
    subjects = MailMessage.objects.order_by("pk").values_list("subject", flat=True)
    assert list(subjects) == ["key", "key", "2", "key", "3", "key", "waits"]


def old_row(**changes):
    now = timezone.now()
    row = {"sender": "a@b.example", "recipients": ["c@d.example"], "content": b"Subject: x\n\ny\n"}
    OutgoingMail.objects.create(**{**row, "created_at": now, "try_at": now, **changes})


def test_mail_queued_by_a_process_of_an_earlier_commit_is_sent_once(smtp):
    old_row()
    old_row(recipients=[])
    old_row(unconfirmed=1, attempts=1)
    old_row(try_at=from_now(minutes=4), unconfirmed=1, attempts=1)  # being sent by the old process
    mail_queue.send_queued(timezone.now())
    assert len(smtp.messages) == 1
    assert sorted(states()) == ["sent", "uncertain"]
    assert OutgoingMail.objects.count() == 1
    assert MailMessage.objects.first().subject == "x"


def test_mail_of_a_rolled_back_transaction_is_not_queued(smtp):
    message = EmailMessage("a", "b", "c@d.example", ["e@f.example"])

    def fail():
        with transaction.atomic():
            message.send()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not MailMessage.objects.exists()


def test_header_with_a_line_break_is_not_queued(smtp):
    with pytest.raises(ValueError):
        EmailMessage("a\nBcc: x@y.example", "b", "c@d.example", ["e@f.example"]).send()
    assert not MailMessage.objects.exists()


@pytest.mark.parametrize("options", [{"use_ssl": True}, {"use_tls": True}, {}])
def test_connection_of_each_kind_marks_the_end_of_a_message(options):
    connection_class = SmtpTransport(**options).connection_class
    assert issubclass(connection_class, smtplib.SMTP_SSL) == ("use_ssl" in options)
    assert connection_class.data is not smtplib.SMTP.data
