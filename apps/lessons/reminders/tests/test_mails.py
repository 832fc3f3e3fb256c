"""Reminders by mail: what they say, that they are right when sent, and unsubscribing."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from apps.accounts.notifications.preferences import load_preferences
from apps.accounts.notifications.unsubscribing import make_unsubscribe_url
from apps.common import mail_queue, tokens
from apps.common.models import MailMessage
from apps.lessons.models import Lesson, Participant, Reminder
from apps.lessons.reminders.jobs import remind
from apps.lessons.reminders.queue import MailQueueFullError, queue_due
from apps.lessons.reminders.tests.conftest import DAY, HOUR, NOW
from config.jobs import send_mail
from tests.builders import make_user, without_year

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail_server(settings):
    settings.EMAIL_URL = "smtp://mail.example"
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_BACKEND = "apps.common.mail_queue.QueueBackend"
    mail.outbox = []


def sent_to(person):
    send_mail(timezone.now())
    return [each for each in mail.outbox if each.to == [person.email]]


def test_each_gets_one_mail_in_their_language_and_zone(lesson, tutor, student):
    Lesson.objects.update(title="Fractions")
    student.locale, student.timezone = "en", "America/Toronto"
    student.save()
    for _each in range(2):
        remind(NOW)
    [found] = sent_to(student)
    assert found.subject == "Reminder: lesson with Тарас Вчитель, Tuesday, 9 March, 07:00"
    assert without_year(found.body).splitlines()[:3] == [
        "Lesson with Тарас Вчитель: Tuesday, 9 March, 07:00–08:00 (Toronto)",
        "Fractions",
        f"{django_settings.PUBLIC_URL}/lessons/{lesson.pk}/",
    ]
    [other] = sent_to(tutor)
    assert other.subject == "Нагадування: урок (Олена Коваль), вівторок, 9 березня, 14:00"


def test_tutor_reads_three_names_of_a_group_and_a_student_none(lesson, tutor, student):
    for number in range(4):
        person = make_user("student", "Учень", f"Я{number}")
        Participant.objects.create(lesson=lesson, student=person)
    remind(NOW)
    assert "(Олена Коваль, Учень Я0 і ще 3)" in sent_to(tutor)[0].subject
    assert "Я0" not in sent_to(student)[0].message().as_string()


def test_mail_has_the_headers_of_one_click_unsubscribing(lesson, student):
    remind(NOW)
    headers = sent_to(student)[0].message()
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith(f"<{django_settings.PUBLIC_URL}/unsubscribe/")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "cancelled"}, "cancelled"),
        ({"starts_at": NOW + 2 * DAY, "ends_at": NOW + 2 * DAY + HOUR}, "moved"),
    ],
)
def test_mail_that_waited_until_the_lesson_changed_is_not_sent(lesson, student, change, reason):
    remind(NOW)
    Lesson.objects.update(**change)
    assert sent_to(student) == []
    assert set(Reminder.objects.values_list("status", "reason")) == {("dropped", reason)}
    assert set(MailMessage.objects.values_list("state", flat=True)) == {"dropped"}


def test_person_without_mail_reminders_gets_none(lesson, student, prefer):
    prefer(student, email=False)
    remind(NOW)
    assert sent_to(student) == []


def test_mail_is_of_no_use_once_the_reminder_is_late(lesson):
    remind(NOW)
    latest = timezone.now() + timedelta(days=5)  # of any mail, by the real clock
    assert all(each.expires_at <= latest for each in MailMessage.objects.all())


def test_reminders_stay_due_while_the_mail_queue_is_full(lesson, student, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(mail_queue, "DEFERRED", mail_queue.DEFERRED._replace(limit=1))
        with pytest.raises(MailQueueFullError):
            queue_due(NOW)
        assert not Reminder.objects.exists()
    queue_due(NOW)
    assert len(sent_to(student)) == 1


def test_one_click_turns_reminders_off_without_cookies(student):
    url = make_unsubscribe_url(student).removeprefix(django_settings.PUBLIC_URL)
    client = Client(enforce_csrf_checks=True)
    answer = client.post(url, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert load_preferences(student.pk).email is False


def test_following_the_link_alone_changes_nothing(client, student):
    url = make_unsubscribe_url(student).removeprefix(django_settings.PUBLIC_URL)
    page = client.get(url, follow=True)
    assert page.request["PATH_INFO"] == "/unsubscribe/"
    assert load_preferences(student.pk).email is True
    assert client.post("/unsubscribe/").status_code == 200
    assert load_preferences(student.pk).email is False


def test_made_up_or_expired_link_is_refused(client, student):
    old = tokens.sign("unsubscribe", {"user": student.pk}, expires_at=timezone.now() - HOUR)
    other = tokens.sign("invite", {"user": student.pk}, expires_at=timezone.now() + HOUR)
    for token in ("abc", old, other):
        assert client.post(f"/unsubscribe/{token}/").status_code == 400
    assert load_preferences(student.pk).email is True
