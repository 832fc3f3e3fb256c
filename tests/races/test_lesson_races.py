"""Simultaneous requests that schedule, change or cancel lessons."""

from functools import partial

import pytest

from apps.accounts.models import User
from apps.classroom.models import ClassroomSession
from apps.lessons import overlap, services
from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_classroom, make_lesson, make_user
from tests.races.simultaneous import repeat_until, run_simultaneously, statuses, without_constraints

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

MINUTE = HOUR / 60


def post(client, student, start, end, key=None, **more):
    sent = {
        "student_id": student.pk,
        "starts_at": start.isoformat(),
        "ends_at": end.isoformat(),
        **more,
    }
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/api/lessons/", sent, headers=headers)


def overlapping(number):
    """Return start and end of a slot that contains 12:30; each number gives a different one."""
    return NOON + number * MINUTE, NOON + HOUR / 2 + (number + 1) * MINUTE * 2


@pytest.fixture
def no_lock(monkeypatch):
    """Schedule without locking the users, so that the overlap check before the insert can race."""
    monkeypatch.setattr(services, "lock_people", User.objects.in_bulk)


def schedule_simultaneously(api, tutor, people):
    client = [api(tutor) for _ in people]
    for each in client:
        each.raise_request_exception = False
    return run_simultaneously(
        *(partial(post, client[n], person, *overlapping(n)) for n, person in enumerate(people))
    )


def test_simultaneous_overlapping_lessons_of_a_tutor_create_one(api, tutor):
    people = [make_user("student") for _ in range(6)]
    make_classroom(tutor, *people)
    for _ in range(5):
        Lesson.objects.all().delete()
        assert statuses(schedule_simultaneously(api, tutor, people)) == {201: 1, 409: 5}
        assert Lesson.objects.count() == ClassroomSession.objects.count() == 1


def test_simultaneous_overlapping_lessons_of_a_student_create_one(api, student):
    tutors = [make_user("tutor") for _ in range(6)]
    for each in tutors:
        make_classroom(each, student)
    for _ in range(5):
        Lesson.objects.all().delete()
        clients = [api(each) for each in tutors]
        answers = run_simultaneously(
            *(partial(post, c, student, *overlapping(n)) for n, c in enumerate(clients))
        )
        assert statuses(answers) == {201: 1, 409: 5}


def test_constraint_without_lock_creates_at_most_one_lesson(api, tutor, no_lock):
    """Without the lock PostgreSQL refuses the second insert or aborts one of two deadlocked
    transactions, which is why the service locks the users. Both are never created."""
    people = [make_user("student") for _ in range(2)]
    make_classroom(tutor, *people)
    for _ in range(5):
        Lesson.objects.all().delete()
        answers = schedule_simultaneously(api, tutor, people)
        assert sorted(answer.status_code for answer in answers)[0] == 201
        assert Lesson.objects.count() == 1


def test_control_without_lock_and_constraint_creates_overlapping_lessons(api, tutor, no_lock):
    people = [make_user("student") for _ in range(4)]
    make_classroom(tutor, *people)

    def attempt():
        Lesson.objects.all().delete()
        schedule_simultaneously(api, tutor, people)
        return Lesson.objects.count() > 1

    with without_constraints(overlap.CONSTRAINT_NAMES["tutor"]):
        repeat_until(attempt)


def test_simultaneous_adjacent_lessons_are_all_created(api, tutor, student):
    make_classroom(tutor, student)
    clients = [api(tutor) for _ in range(6)]
    answers = run_simultaneously(
        *(
            partial(post, client, student, NOON + n * HOUR, NOON + (n + 1) * HOUR)
            for n, client in enumerate(clients)
        )
    )
    assert statuses(answers) == {201: 6}


def test_simultaneous_move_and_create_in_one_slot_have_one_winner(api, tutor, student):
    make_classroom(tutor, student)
    for _ in range(8):
        Lesson.objects.all().delete()
        moving = make_lesson(tutor, student, NOON + 20 * HOUR)
        times = {"starts_at": NOON.isoformat(), "ends_at": (NOON + HOUR).isoformat()}
        first, second = api(tutor), api(tutor)
        moved, made = run_simultaneously(
            lambda: first.patch(f"/api/lessons/{moving.pk}/", times),  # noqa: B023
            lambda: post(second, student, NOON + HOUR / 2, NOON + 2 * HOUR),  # noqa: B023
        )
        assert (moved.status_code, made.status_code) in {(200, 409), (409, 201)}
        assert Lesson.objects.between(NOON, NOON + 2 * HOUR).count() == 1


def test_simultaneous_changes_with_one_etag_have_one_winner(api, tutor, lesson):
    url = f"/api/lessons/{lesson.pk}/"
    for number in range(8):
        clients = [api(tutor) for _ in range(2)]
        seen = {"If-Match": clients[0].get(url)["ETag"]}
        titles = [f"{number}-{n}" for n in range(2)]
        answers = run_simultaneously(
            *(
                partial(client.patch, url, {"title": title}, headers=seen)
                for client, title in zip(clients, titles, strict=True)
            )
        )
        assert statuses(answers) == {200: 1, 412: 1}
        kept = titles[[answer.status_code for answer in answers].index(200)]
        lesson.refresh_from_db()
        assert lesson.title == kept


def test_simultaneous_changes_of_different_fields_are_both_kept(api, tutor, lesson):
    url = f"/api/lessons/{lesson.pk}/"
    for number in range(1, 9):
        end = (NOON + HOUR + number * MINUTE).isoformat()
        changes = ({"title": f"{number}"}, {"ends_at": end})
        answers = run_simultaneously(
            *(partial(api(tutor).patch, url, change) for change in changes)
        )
        assert statuses(answers) == {200: 2}
        lesson.refresh_from_db()
        assert (lesson.title, lesson.ends_at) == (f"{number}", NOON + HOUR + number * MINUTE)


def test_simultaneous_cancellations_have_one_winner(api, tutor, student):
    make_classroom(tutor, student)
    for _ in range(8):
        url = f"/api/lessons/{make_lesson(tutor, student).pk}/cancel/"
        assert statuses(run_simultaneously(*(partial(api(tutor).post, url) for _ in range(3)))) == {
            200: 1,
            409: 2,
        }


def test_tutors_with_shared_students_do_not_deadlock(api):
    """The rows of tutor and student are locked in the same order by every request."""
    tutors = [make_user("tutor") for _ in range(2)]
    students = [make_user("student") for _ in range(2)]
    for each in tutors:
        make_classroom(each, *students)
    for _ in range(5):
        Lesson.objects.all().delete()
        answers = run_simultaneously(
            *(
                partial(post, api(t), s, *overlapping(n))
                for n, (t, s) in enumerate((t, s) for t in tutors for s in students)
            )
        )
        counted = statuses(answers)
        assert set(counted) == {201, 409}
        assert 1 <= counted[201] <= 2


def same_request(api, tutor, student, count=6):
    clients = [api(tutor) for _ in range(count)]
    return run_simultaneously(
        *(partial(post, c, student, NOON, NOON + HOUR, "key", allow_overlap=True) for c in clients)
    )


def test_simultaneous_requests_with_one_idempotency_key_create_one_lesson(api, tutor, student):
    make_classroom(tutor, student)
    for _ in range(5):
        Lesson.objects.all().delete()
        answers = same_request(api, tutor, student)
        assert statuses(answers) == {201: 6}
        assert len({answer.json()["id"] for answer in answers}) == Lesson.objects.count() == 1


def test_control_without_lock_and_constraint_one_key_creates_two_lessons(
    api, tutor, student, no_lock
):
    make_classroom(tutor, student)

    def attempt():
        Lesson.objects.all().delete()
        same_request(api, tutor, student)
        return Lesson.objects.count() > 1

    with without_constraints("lesson_once_per_idempotency_key"):
        repeat_until(attempt)
