"""Lessons with several students over REST."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.classrooms.models import Membership
from apps.lessons.models import Lesson, Participant
from tests.builders import HOUR, NOON, make_classroom, make_lesson, make_membership, make_user

pytestmark = pytest.mark.django_db
URL = "/api/lessons/"


@pytest.fixture
def group(classroom, student):
    """Three members of the classroom, not in the order of their names."""
    others = [make_user("student", "Юлія", "Яценко"), make_user("student", "Андрій", "Бойко")]
    for one in others:
        make_membership(classroom, one)
    return [student, *others]


def body(students, start=NOON, **changes):
    times = {"starts_at": start.isoformat(), "ends_at": (start + HOUR).isoformat()}
    return {"student_ids": [one.pk for one in students], **times, **changes}


def names(lesson):
    return [one["last_name"] for one in lesson["students"]]


@pytest.fixture
def schedule(api, tutor):
    return lambda students, **fields: api(tutor).post(URL, body(students, **fields))


def test_lesson_lists_its_students_by_name(schedule, group, tutor, api):
    answer = schedule(group)
    assert (answer.status_code, names(answer.json())) == (201, ["Бойко", "Коваль", "Яценко"])
    assert answer.json()["student"]["last_name"] == "Бойко"
    assert {one["status"] for one in answer.json()["students"]} == {"booked"}
    for one in group:
        found = api(one).get(f"{URL}{answer.json()['id']}/")
        listed = api(one).get(f"{URL}?from=2026-03-02&to=2026-03-03").json()["results"]
        assert [found.json()] == listed == [answer.json()]


def test_lesson_has_at_most_thirty_students(schedule, classroom):
    students = [make_user("student") for _ in range(31)]
    for one in students:
        make_membership(classroom, one)
    answer = schedule(students)
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert set(answer.json()["fields"]) == {"student_ids"}
    assert len(schedule(students[:30]).json()["students"]) == 30


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"student_ids": []}, "student_ids"),
        ({"student_ids": "1"}, "student_ids"),
        ({"student_ids": [0]}, "student_ids"),
        ({"student_ids": ["1"]}, "student_ids"),
        ({"student_ids": [1, 1]}, "student_ids"),
        ({"student_id": 1}, "student_ids"),
        ({"student_ids": None}, "student_id"),
    ],
)
def test_unusable_students_are_named(schedule, student, classroom, changes, field):
    answer = schedule([student], **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert field in answer.json()["fields"]
    assert not Lesson.objects.exists()


@pytest.mark.parametrize("status", ["paused", "removed", "left", None])
def test_one_student_who_is_not_active_refuses_the_lesson(schedule, group, status):
    if status is None:
        group.append(make_user("student"))
    else:
        Membership.objects.filter(student=group[1]).update(status=status)
    answer = schedule(group)
    assert (answer.status_code, answer.json()["error"]) == (403, "not_a_member")
    assert not Lesson.objects.exists()


def test_classroom_is_the_first_joined_that_all_share(schedule, tutor, group, classroom):
    only_first = make_classroom(tutor, group[0], name="Private")
    Membership.objects.filter(classroom=only_first).update(joined_at=NOON - 90 * 24 * HOUR)
    assert schedule(group).json()["classroom_id"] == classroom.pk
    other = {"start": NOON + HOUR, "classroom_id": only_first.pk}
    assert schedule(group, **other).json()["error"] == "not_a_member"


def test_students_without_a_shared_classroom_meet_in_that_of_the_first(schedule, tutor):
    first, second = make_user("student"), make_user("student")
    make_classroom(tutor, second)
    of_first = make_classroom(tutor, first)
    assert schedule([first, second]).json()["classroom_id"] == of_first.pk


def test_conflict_of_any_student_is_named_without_its_details(
    schedule, group, other_tutor, classroom
):
    make_lesson(other_tutor, group[1], NOON - HOUR / 2, title="Secret")
    answer = schedule(group)
    assert (answer.status_code, answer.json()["error"]) == (409, "lesson_conflict")
    detail = answer.json()["detail"]
    assert "Юлія Яценко" in detail
    assert "14:00–14:30 (Kyiv)" in detail
    assert "Secret" not in detail
    assert Lesson.objects.count() == 1


def test_conflict_of_the_tutor_names_all_students(schedule, group, classroom):
    schedule(group)
    other = make_user("student")
    make_membership(classroom, other)
    detail = schedule([other]).json()["detail"]
    assert "Андрій Бойко, Олена Коваль, Юлія Яценко" in detail


def test_either_shape_of_one_student_repeats_the_same_request(api, tutor, student, classroom):
    client, key = api(tutor), {"Idempotency-Key": "k"}
    sent = body([student])
    first = client.post(URL, sent, headers=key).json()
    sent["student_id"] = sent.pop("student_ids")[0]
    assert client.post(URL, sent, headers=key).json() == first
    assert Lesson.objects.count() == 1


def test_idempotency_key_of_a_group_is_refused_for_other_students(api, tutor, group):
    client, key = api(tutor), {"Idempotency-Key": "k"}
    first = client.post(URL, body(group), headers=key).json()
    assert client.post(URL, body(group), headers=key).json() == first
    assert client.post(URL, body(group[:2]), headers=key).status_code == 400


# Add and remove


@pytest.fixture
def lesson(schedule, group):
    """A lesson of the first two of the group."""
    return Lesson.objects.get(pk=schedule(group[:2]).json()["id"])


def students_url(lesson, student=None):
    return f"{URL}{lesson.pk}/students/" + (f"{student.pk}/" if student else "")


def test_added_student_is_in_the_lesson(api, tutor, lesson, group):
    client = api(tutor)
    assert api(group[2]).get(f"{URL}{lesson.pk}/").status_code == 403
    answer = client.post(students_url(lesson), {"student_id": group[2].pk})
    assert (answer.status_code, names(answer.json())) == (200, ["Бойко", "Коваль", "Яценко"])
    assert api(group[2]).get(f"{URL}{lesson.pk}/").json() == answer.json()
    assert client.post(students_url(lesson), {"student_id": group[2].pk}).json() == answer.json()


def test_student_who_is_not_active_is_not_added(api, tutor, lesson, stranger):
    answer = api(tutor).post(students_url(lesson), {"student_id": stranger.pk})
    assert (answer.status_code, answer.json()["error"]) == (403, "not_a_member")


def test_student_with_another_lesson_then_is_not_added(api, tutor, other_tutor, lesson, group):
    make_lesson(other_tutor, group[2], NOON + HOUR / 2)
    answer = api(tutor).post(students_url(lesson), {"student_id": group[2].pk})
    assert (answer.status_code, answer.json()["error"]) == (409, "lesson_conflict")
    assert "Андрій Бойко" in answer.json()["detail"]


def test_double_booking_does_not_extend_to_another_tutors_lesson(
    api, tutor, other_tutor, lesson, group
):
    Lesson.objects.filter(pk=lesson.pk).update(allow_overlap=True)
    make_lesson(other_tutor, group[2])
    answer = api(tutor).post(students_url(lesson), {"student_id": group[2].pk})
    assert (answer.status_code, answer.json()["error"]) == (409, "lesson_conflict")


def test_student_is_added_while_only_the_tutor_is_double_booked(api, tutor, lesson, group):
    make_lesson(tutor, group[0], allow_overlap=True)
    answer = api(tutor).post(students_url(lesson), {"student_id": group[2].pk})
    assert answer.status_code == 200


def test_thirty_first_student_is_not_added(api, tutor, lesson, classroom, group):
    others = [make_user("student") for _ in range(28)]
    Participant.objects.bulk_create(Participant(lesson=lesson, student=one) for one in others)
    answer = api(tutor).post(students_url(lesson), {"student_id": group[2].pk})
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")


@pytest.mark.parametrize("which", [0, 1])
def test_removed_student_is_no_longer_in_the_lesson(api, tutor, lesson, group, which):
    client = api(tutor)
    removed, other = group[which], group[1 - which]
    answer = client.delete(students_url(lesson, removed))
    assert (answer.status_code, names(answer.json())) == (200, [other.last_name])
    assert api(removed).get(f"{URL}{lesson.pk}/").status_code == 403
    assert client.delete(students_url(lesson, removed)).json()["error"] == "not_found"
    last = client.delete(students_url(lesson, other))
    assert (last.status_code, last.json()["error"]) == (400, "validation_error")
    lesson.refresh_from_db()
    assert lesson.student_id == other.pk


def test_removed_student_is_free_then(api, tutor, other_tutor, lesson, group):
    api(tutor).delete(students_url(lesson, group[0]))
    make_lesson(other_tutor, group[0])


def test_students_of_a_cancelled_lesson_do_not_change(api, tutor, lesson, group):
    client = api(tutor)
    client.post(f"{URL}{lesson.pk}/cancel/")
    answers = [
        client.post(students_url(lesson), {"student_id": group[2].pk}),
        client.delete(students_url(lesson, group[0])),
        client.patch(students_url(lesson, group[0]), {"status": "attended"}),
    ]
    assert {one.json()["error"] for one in answers} == {"lesson_cancelled"}


# Participation


@pytest.mark.parametrize("status", ["attended", "no_show"])
def test_tutor_records_who_came(api, tutor, lesson, group, status):
    client = api(tutor)
    answer = client.patch(students_url(lesson, group[1]), {"status": status})
    assert [one["status"] for one in answer.json()["students"]] == ["booked", status]


@pytest.mark.parametrize("status", ["booked", "cancelled", "late_cancelled", "", None, 1])
def test_other_participation_is_refused(api, tutor, lesson, group, status):
    answer = api(tutor).patch(students_url(lesson, group[1]), {"status": status})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["status"])


def test_participation_is_not_recorded_before_the_start(api, tutor, group, schedule):
    later = timezone.now() + timedelta(days=1)
    lesson = Lesson.objects.get(pk=schedule(group, start=later).json()["id"])
    answer = api(tutor).patch(students_url(lesson, group[1]), {"status": "attended"})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["status"])


@pytest.mark.parametrize("status", ["cancelled", "late_cancelled"])
def test_student_who_cancelled_may_read_and_be_booked_again(
    api, tutor, other_tutor, lesson, group, status
):
    lesson.participants.filter(student=group[0]).update(status=status)
    assert api(group[0]).get(f"{URL}{lesson.pk}/").status_code == 200
    refused = api(tutor).patch(students_url(lesson, group[0]), {"status": "attended"})
    assert refused.status_code == 400
    other = make_lesson(other_tutor, group[0])
    again = {"student_id": group[0].pk}
    assert api(tutor).post(students_url(lesson), again).status_code == 409
    other.delete()
    answer = api(tutor).post(students_url(lesson), again)
    assert {one["status"] for one in answer.json()["students"]} == {"booked"}


def test_last_student_who_attends_is_not_removed(api, tutor, lesson, group):
    lesson.participants.filter(student=group[0]).update(status="cancelled")
    client = api(tutor)
    assert client.delete(students_url(lesson, group[1])).status_code == 400
    assert client.delete(students_url(lesson, group[0])).status_code == 200


def test_moved_lesson_collides_with_any_student(api, tutor, other_tutor, lesson, group):
    make_lesson(other_tutor, group[1], NOON + 5 * HOUR)
    times = {
        "starts_at": (NOON + 5 * HOUR).isoformat(),
        "ends_at": (NOON + 6 * HOUR).isoformat(),
    }
    answer = api(tutor).patch(f"{URL}{lesson.pk}/", times)
    assert (answer.status_code, answer.json()["error"]) == (409, "lesson_conflict")
    assert "Юлія Яценко" in answer.json()["detail"]
    lesson.participants.filter(student=group[1]).update(status="cancelled")
    assert api(tutor).patch(f"{URL}{lesson.pk}/", times).status_code == 200


# Mail


def test_each_student_is_mailed(
    api, tutor, group, schedule, django_capture_on_commit_callbacks, mailoutbox, settings
):
    settings.EMAIL_URL = "smtp://mail.example"
    with django_capture_on_commit_callbacks(execute=True):
        pk = schedule(group).json()["id"]
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(one.email for one in group)
    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        api(tutor).delete(f"{URL}{pk}/students/{group[0].pk}/")
    assert [mail.to for mail in mailoutbox] == [[group[0].email]]
    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        api(tutor).post(f"{URL}{pk}/students/", {"student_id": group[0].pk})
    assert [mail.to for mail in mailoutbox] == [[group[0].email]]


@pytest.mark.parametrize("method", ["delete", "patch"])
def test_id_beyond_those_of_the_database_is_not_found(schedule, group, tutor, api, method):
    lesson = schedule(group).json()
    Lesson.objects.update(starts_at=timezone.now() - HOUR, ends_at=timezone.now())
    call = getattr(api(tutor), method)
    answer = call(f"{URL}{lesson['id']}/students/{10**30}/", {"status": "attended"})
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
