"""Tests of the cancellation policy, its terms, and cancelling by them."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from apps.billing.models import CancellationDecision, CancellationPolicy
from apps.billing.tests.conftest import POLICY
from apps.lessons.models import Lesson, Participant
from tests.builders import HOUR, make_lesson, make_membership, make_series, make_user

pytestmark = pytest.mark.django_db
URL = "/api/me/cancellation-policy/"


def terms(client, lesson):
    response = client.get(f"/api/lessons/{lesson.pk}/cancellation-terms/")
    assert response.status_code == 200, response.content
    return response.json()


def cancel(client, lesson, **body):
    return client.post(f"/api/lessons/{lesson.pk}/cancel/", body)


def status_of(lesson, student):
    return lesson.participants.get(student=student).status


# The policy


def test_tutor_without_a_policy_has_one_that_lets_nobody_cancel(as_tutor):
    assert as_tutor.get(URL).json() == {
        **POLICY,
        "students_may_cancel": False,
        "no_fault_reasons": [],
    }


def test_policy_is_stored_as_a_new_version_only_if_it_changes(as_tutor):
    for policy in (POLICY, POLICY, {**POLICY, "free_until_minutes": 60}):
        response = as_tutor.put(URL, policy)
        assert (response.status_code, response.json()) == (200, policy)
    assert as_tutor.get(URL).json()["free_until_minutes"] == 60
    assert CancellationPolicy.objects.count() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"free_until_minutes": 20161},
        {"free_until_minutes": -1},
        {"late_charge_percent": 101},
        {"no_show_charge_percent": "100"},
        {"free_late_cancellations": 11},
        {"free_late_period_days": 0},
        {"free_late_period_days": 366},
        {"students_may_cancel": 1},
        {"no_fault_reasons": ["weather"]},
        {"no_fault_reasons": "illness"},
        {"late_charge_percent": None},
    ],
)
def test_policy_out_of_bounds_is_invalid(as_tutor, change):
    response = as_tutor.put(URL, {**POLICY, **change})
    assert (response.status_code, response.json()["error"]) == (400, "validation_error")
    assert [name.partition(".")[0] for name in response.json()["fields"]] == list(change)


def test_lesson_keeps_the_policy_of_its_booking(as_tutor, as_student, book):
    as_tutor.put(URL, {**POLICY, "free_until_minutes": 60})
    lesson = book(10)
    as_tutor.put(URL, {**POLICY, "students_may_cancel": False})
    assert terms(as_student, lesson)["outcome"] == "free"
    assert cancel(as_student, lesson).status_code == 200


def test_lesson_booked_before_the_first_policy_is_not_cancelled_by_students(
    as_tutor, as_student, book
):
    lesson = book(48)
    as_tutor.put(URL, POLICY)
    response = cancel(as_student, lesson)
    assert (response.status_code, response.json()["error"]) == (403, "forbidden")
    assert status_of(lesson, lesson.student) == "booked"


def test_policy_that_lets_nobody_cancel_forbids_it(as_student, book, set_policy):
    set_policy(students_may_cancel=False)
    response = cancel(as_student, book(48))
    assert (response.status_code, response.json()["error"]) == (409, "policy_forbids")


# Terms


def test_terms_before_and_after_the_cut_off(as_student, as_tutor, book, set_policy):
    set_policy(late_charge_percent=50)
    early, late = book(48), book(2.65)
    found = terms(as_student, early)
    assert (found["outcome"], found["charge_percent"]) == ("free", 0)
    assert found["free_until"] == (early.starts_at - timedelta(days=1)).isoformat().replace(
        "+00:00", "Z"
    )
    assert found["detail"].startswith("Free of charge until ")
    found = terms(as_student, late)
    assert (found["outcome"], found["charge_percent"]) == ("charged", 50)
    assert re.match("2 h 3[0-9] min before: 50 % of this lesson", found["detail"])
    assert terms(as_tutor, late)["outcome"] == "charged"


def test_terms_tell_what_is_left_of_free_late_cancellations(as_student, book, set_policy):
    set_policy(free_late_cancellations=2)
    first, second = book(2), book(4)
    assert cancel(as_student, first).status_code == 200
    found = terms(as_student, second)
    assert (found["outcome"], found["free_late_cancellations_left"]) == ("free", 1)
    assert "It is the last one until" in found["detail"]


def test_terms_of_a_lesson_of_others_are_forbidden(api, book, stranger, other_tutor):
    lesson = book()
    for person in (stranger, other_tutor):
        url = f"/api/lessons/{lesson.pk}/cancellation-terms/"
        assert api(person).get(url).status_code == 403
    assert api(stranger).get("/api/lessons/9999/cancellation-terms/").status_code == 404


def test_tutor_reads_the_terms_of_one_of_several_students(as_tutor, classroom, book, set_policy):
    set_policy(free_late_cancellations=1)
    lesson, other = book(2), make_user("student", "Я", "Яценко")
    make_membership(classroom, other)
    Participant.objects.create(lesson=lesson, student=other)
    url = f"/api/lessons/{lesson.pk}/cancellation-terms/?student_id="
    assert as_tutor.get(f"{url}{other.pk}").json()["free_late_cancellations_left"] == 1
    assert as_tutor.get(f"{url}999999").status_code == 404


# Cancelling


def test_request_is_taken_back_free_of_charge(as_student, book, set_policy):
    set_policy()
    lesson = book(3, status="requested")
    assert terms(as_student, lesson)["outcome"] == "free"
    assert cancel(as_student, lesson).json()["students"][0]["status"] == "cancelled"


def test_student_cancels_in_time_free_of_charge(as_student, book, set_policy, student):
    set_policy()
    lesson = book(48)
    response = cancel(as_student, lesson, reason="Поїздка")
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert response.json()["students"][0]["status"] == "cancelled"
    decision = CancellationDecision.objects.get()
    assert (decision.outcome, decision.charge_percent, decision.reason) == ("free", 0, "Поїздка")
    assert decision.cancelled_lesson


def test_student_cancels_late(as_student, book, set_policy, student):
    set_policy()
    lesson = book(3)
    assert cancel(as_student, lesson).json()["students"][0]["status"] == "late_cancelled"
    decision = CancellationDecision.objects.get()
    assert (decision.outcome, decision.charge_percent) == ("charged", 100)


def test_no_fault_reason_is_free_and_not_counted(as_student, book, set_policy, student):
    set_policy(free_late_cancellations=1)
    assert cancel(as_student, book(3), no_fault="illness").status_code == 200
    decision = CancellationDecision.objects.get()
    assert (decision.outcome, decision.no_fault) == ("free", "illness")
    assert not decision.was_free_late
    assert terms(as_student, book(5))["free_late_cancellations_left"] == 1


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [("air_alert", 409, "policy_forbids"), ("weather", 400, "validation_error")],
)
def test_reason_that_the_policy_does_not_accept_is_refused(
    as_student, book, set_policy, reason, status, code
):
    set_policy()
    lesson = book(3)
    response = cancel(as_student, lesson, no_fault=reason)
    assert (response.status_code, response.json()["error"]) == (status, code)
    assert lesson.participants.get().status == "booked"


def test_lesson_that_has_started_is_not_cancelled_by_a_student(as_student, book, set_policy):
    set_policy()
    response = cancel(as_student, book(-0.5))
    assert (response.status_code, response.json()["error"]) == (409, "policy_forbids")
    assert "until it started" in response.json()["detail"]


def test_second_cancellation_is_refused(as_student, book, set_policy):
    set_policy()
    lesson = book()
    cancel(as_student, lesson)
    response = cancel(as_student, lesson)
    assert (response.status_code, response.json()["error"]) == (409, "lesson_cancelled")
    assert CancellationDecision.objects.count() == 1


def test_lesson_of_a_group_goes_on_without_who_cancels(
    as_student, api, classroom, book, set_policy, student
):
    set_policy()
    lesson, other = book(48), make_user("student")
    make_membership(classroom, other)
    Participant.objects.create(lesson=lesson, student=other)
    assert cancel(as_student, lesson).json()["status"] == "scheduled"
    assert (status_of(lesson, student), status_of(lesson, other)) == ("cancelled", "booked")
    assert cancel(as_student, lesson).status_code == 409
    assert cancel(api(other), lesson).json()["status"] == "cancelled"


def test_student_cancels_one_occurrence_only(as_student, tutor, student, classroom, set_policy):
    set_policy()
    starts_at = (timezone.now() + 72 * HOUR).replace(tzinfo=None, microsecond=0, second=0)
    series = make_series(tutor, student, starts_at=starts_at)
    lesson = series.lessons.in_order().first()
    assert cancel(as_student, lesson, scope="all").status_code == 400
    assert cancel(as_student, lesson).status_code == 200
    assert series.lessons.filter(status="cancelled").count() == 1


def test_time_is_free_again_after_a_late_cancellation(
    as_student, as_tutor, book, set_policy, tutor, student
):
    set_policy()
    lesson = book(3)
    cancel(as_student, lesson)
    assert make_lesson(tutor, student, lesson.starts_at).pk


def test_student_who_cancelled_reads_but_does_not_enter(
    as_student, classroom, book, set_policy, student
):
    set_policy()
    lesson = book(1)
    Participant.objects.create(lesson=lesson, student=make_user("student"))
    cancel(as_student, lesson)
    assert as_student.get(f"/api/lessons/{lesson.pk}/").status_code == 200
    join = f"/api/classroom/sessions/{lesson.session.uuid}/join/"
    assert as_student.post(join).status_code in (403, 409)


def test_tutor_and_student_are_mailed(
    as_student, book, set_policy, student, tutor, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "smtp://localhost"
    set_policy()
    lesson = book()
    with django_capture_on_commit_callbacks(execute=True):
        cancel(as_student, lesson, reason="Поїздка")
    by_person = {message.to[0]: message for message in mail.outbox}
    assert set(by_person) == {student.email, tutor.email}
    assert student.get_full_name() in by_person[tutor.email].subject
    assert "Поїздка" in by_person[tutor.email].body
    parts = [mime for _content, mime in by_person[student.email].alternatives]
    assert any("method=CANCEL" in mime for mime in parts)


def test_tutor_cancels_as_before(as_tutor, book, set_policy):
    set_policy()
    lesson = book(1)
    assert cancel(as_tutor, lesson, reason="Хворію").json()["status"] == "cancelled"
    assert lesson.participants.get().status == "booked"
    assert not CancellationDecision.objects.exists()


def test_cancelled_lesson_has_no_lesson_to_undo(as_student, as_tutor, book, set_policy):
    """A minute after a change of the tutor, a student's cancellation is not taken back with it."""
    set_policy()
    lesson = book()
    moved = (lesson.starts_at + HOUR).isoformat()
    ends_at = (lesson.ends_at + HOUR).isoformat()
    response = as_tutor.patch(
        f"/api/lessons/{lesson.pk}/", {"starts_at": moved, "ends_at": ends_at}
    )
    cancel(as_student, lesson)
    undo = as_tutor.post(f"/api/lesson-changes/{response['Change-Id']}/undo/")
    assert (undo.status_code, undo.json()["error"]) == (409, "not_undoable")
    assert Lesson.objects.get(pk=lesson.pk).status == "cancelled"
