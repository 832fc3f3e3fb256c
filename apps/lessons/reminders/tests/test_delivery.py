"""A queued reminder is sent, tried again, or dropped, each exactly once."""

import threading
from datetime import time

import pytest
from django.db import connection

from apps.accounts.models import PushSubscription
from apps.lessons.models import Lesson, Participant, Reminder
from apps.lessons.reminders import delivery
from apps.lessons.reminders.delivery import delete_old, send_queued
from apps.lessons.reminders.jobs import remind
from apps.lessons.reminders.queue import queue_due
from apps.lessons.reminders.tests.conftest import DAY, HOUR, MINUTE, NOW
from tests.push_service import PushService

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings):
    settings.PUSH_SERVICES = "any"
    with PushService() as found:
        yield found


@pytest.fixture
def subscription(lesson, student, subscribe, service):
    found = subscribe(student)
    PushSubscription.objects.update(endpoint=service.endpoint, **service.browser.keys)
    return found


def states():
    return list(Reminder.objects.order_by("pk").values_list("status", "reason"))


def test_reminder_says_when_and_which_lesson(subscription, service, lesson):
    Lesson.objects.update(title="Дроби")
    remind(NOW)
    payload, headers = service.received.get(timeout=5)
    assert payload == {
        "title": "Урок: вівторок, 9 березня, 14:00",
        "body": "Дроби",
        "url": f"/lessons/{lesson.pk}/",
        "tag": f"lesson-{lesson.pk}",
    }
    assert headers["ttl"] == str(12 * 3600)
    assert states() == [("sent", "")]


def test_reminder_is_sent_once(subscription, service):
    for minutes in range(3):
        remind(NOW + minutes * MINUTE)
    assert len(service.messages()) == 1


def test_lesson_moved_after_queueing_is_reminded_of_at_its_new_time(subscription, service, lesson):
    queue_due(NOW)
    Lesson.objects.update(starts_at=NOW + 2 * DAY, ends_at=NOW + 2 * DAY + HOUR)
    send_queued(NOW)
    assert (states(), service.messages()) == ([("dropped", "moved")], [])
    remind(NOW + DAY)
    assert [each["title"] for each in service.messages()] == ["Урок: середа, 10 березня, 14:00"]


def test_lesson_cancelled_after_queueing_is_not_reminded_of(subscription, service):
    queue_due(NOW)
    Lesson.objects.update(status="cancelled")
    send_queued(NOW)
    assert (states(), service.messages()) == ([("dropped", "cancelled")], [])


def test_person_who_no_longer_takes_part_is_not_reminded(subscription, service):
    queue_due(NOW)
    Participant.objects.update(status="cancelled")
    send_queued(NOW)
    assert (states(), service.messages()) == ([("dropped", "left")], [])


def test_time_that_was_turned_off_after_queueing_is_dropped(subscription, student, prefer):
    queue_due(NOW)
    prefer(student, reminders_minutes=[60])
    send_queued(NOW)
    assert states() == [("dropped", "settings")]


def test_closed_account_is_not_reminded(subscription, student):
    queue_due(NOW)
    student.is_active = False
    student.save()
    send_queued(NOW)
    assert states() == [("dropped", "inactive")]


def test_ended_session_is_not_reminded(subscription, service):
    queue_due(NOW)
    PushSubscription.objects.update(session_key="over")
    send_queued(NOW)
    assert (states(), service.messages()) == ([("dropped", "unreachable")], [])


def test_service_that_is_down_delays_and_loses_nothing(subscription, service):
    service.statuses = [503, 500]
    remind(NOW)
    assert states() == [("queued", "")]
    send_queued(NOW + 29 * MINUTE / 60)  # 30 seconds, then a minute
    assert service.requests == 1
    send_queued(NOW + MINUTE)
    send_queued(NOW + 2 * MINUTE)
    assert states() == [("sent", "")]
    assert len(service.messages()) == 1


def test_service_that_is_down_for_too_long_gets_nothing(subscription, service):
    service.statuses = [503]
    remind(NOW)
    send_queued(NOW + 12 * HOUR)
    assert (states(), service.messages()) == ([("dropped", "late")], [])


def test_pause_that_the_service_asks_for_is_kept(subscription, service):
    service.statuses, service.headers_of_answers = [429], {"Retry-After": "600"}
    remind(NOW)
    send_queued(NOW + 9 * MINUTE)
    assert service.requests == 1
    send_queued(NOW + 10 * MINUTE)
    assert states() == [("sent", "")]


def test_service_that_fails_is_asked_by_few_at_once(subscription, service, tutor, student):
    queue_due(NOW)
    first = Reminder.objects.get()
    for _number in range(1, 40):
        first.pk, first.minutes = None, 1440
        first.lesson = Lesson.objects.create(
            tutor=tutor,
            student=student,
            classroom=first.lesson.classroom,
            starts_at=first.starts_at,
            ends_at=first.starts_at + HOUR,
            allow_overlap=True,
        )
        first.save()
    service.statuses = [503] * 40
    send_queued(NOW)
    assert service.requests <= delivery.THREADS
    assert Reminder.objects.filter(status="queued", claim="").count() == 40


@pytest.mark.parametrize("status", [404, 410])
def test_browser_that_unsubscribed_is_forgotten(subscription, service, status):
    service.statuses = [status]
    remind(NOW)
    assert states() == [("dropped", "unreachable")]
    assert not PushSubscription.objects.exists()


def test_refused_message_is_not_tried_again(subscription, service):
    service.statuses = [400]
    remind(NOW)
    assert states() == [("dropped", "refused")]


def test_late_reminder_waits_for_the_end_of_quiet_hours(subscription, service, student, prefer):
    service.statuses = [503]
    prefer(student, quiet_from=time(15), quiet_to=time(17))  # it is 14:00
    remind(NOW)
    send_queued(NOW + HOUR)
    assert service.requests == 1
    send_queued(NOW + 3 * HOUR)
    assert states() == [("sent", "")]


def test_row_of_a_worker_that_died_is_sent_after_its_lease(subscription, service):
    queue_due(NOW)
    assert len(delivery._claim(NOW)) == 1
    send_queued(NOW + 4 * MINUTE)
    assert service.requests == 0
    send_queued(NOW + 5 * MINUTE)
    assert states() == [("sent", "")]


def test_row_that_another_worker_took_over_is_left_to_it(subscription, service):
    queue_due(NOW)
    [mine] = delivery._claim(NOW)
    [theirs] = delivery._claim(NOW + 5 * MINUTE)
    delivery._put_back(mine, NOW)
    assert Reminder.objects.get().claim == theirs.claim


def test_row_that_another_worker_claims_in_between_is_left_to_it(subscription):
    queue_due(NOW)
    theirs = []

    def claim_before_the_update(execute, sql, *rest):
        if sql.startswith("UPDATE") and not theirs:
            theirs.append(None)
            theirs[:] = delivery._claim(NOW)
        return execute(sql, *rest)

    with connection.execute_wrapper(claim_before_the_update):
        mine = delivery._claim(NOW)
    assert (len(theirs), mine) == (1, [])


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_a_reminder_once(subscription, service):
    barrier = threading.Barrier(2)

    def work():
        barrier.wait()
        remind(NOW)

    workers = [threading.Thread(target=work) for _each in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert (states(), len(service.messages())) == ([("sent", "")], 1)


def test_old_reminders_are_deleted_a_week_after_the_lesson(subscription, lesson):
    remind(NOW)
    delete_old(lesson.starts_at + 7 * DAY)
    assert len(states()) == 1
    delete_old(lesson.starts_at + 7 * DAY + MINUTE)
    assert states() == []
