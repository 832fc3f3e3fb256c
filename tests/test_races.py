"""Race conditions: simultaneous requests have one winner, and never cause a 500.

Each race has a control that removes the lock or constraint and repeats the requests until they
violate the invariant, which shows that the test can fail.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections

from apps.accounts.models import User
from apps.classroom import upload_limits
from apps.classroom.models import BoardFile, ClassroomSession
from apps.classroom.tests.pictures import large_picture
from apps.classrooms.models import Membership
from apps.lessons import overlap, services
from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_classroom, make_lesson, make_user

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ROUNDS = 60  # most controls need only a few
MINUTE = HOUR / 60


def run_simultaneously(*calls):
    """Start all calls at once, each on its own database connection; return their results."""
    barrier = Barrier(len(calls))

    def run(call):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def statuses(answers):
    return dict(Counter(answer.status_code for answer in answers))


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


@contextmanager
def without_constraints(*statements, table="lessons_lesson"):
    """Drop constraints of `table`; afterwards truncate it and add them again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND conname = ANY(%s)",
            [table, list(statements)],
        )
        saved = cursor.fetchall()
        assert {name for name, _ in saved} == set(statements)
        for name, _ in saved:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")
            for name, definition in saved:
                cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def unique_name(table, column):
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
    return next(
        name
        for name, found in constraints.items()
        if found["unique"] and found["columns"] == [column]
    )


@pytest.fixture
def no_lock(monkeypatch):
    """Schedule without locking the users, so that the overlap check before the insert can race."""
    monkeypatch.setattr(services, "_lock_users", lambda *ids: User.objects.in_bulk(ids))


def repeat_until(attempt):
    for _ in range(ROUNDS):
        if attempt():
            return
    pytest.fail(f"the race was not seen in {ROUNDS} rounds")


# Scheduling


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

    with without_constraints(*overlap.CONSTRAINT_NAMES.values()):
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


def test_lesson_is_cancelled_once_by_five_requests(api, tutor, student):
    lesson = make_lesson(tutor, student)
    clients = [api(tutor) for _ in range(5)]
    answers = run_simultaneously(
        *(partial(client.post, f"/api/lessons/{lesson.pk}/cancel/") for client in clients)
    )
    assert statuses(answers) == {200: 1, 409: 4}


# Idempotency keys


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


# Rooms


def enter_simultaneously(api, lesson, count=6):
    clients = [api(person) for person in (lesson.tutor, lesson.student) * (count // 2)]
    return run_simultaneously(*(partial(c.get, f"/api/lessons/{lesson.pk}/room/") for c in clients))


def test_simultaneous_room_requests_create_one_session(api, tutor, student):
    lesson = make_lesson(tutor, student)
    for _ in range(5):
        ClassroomSession.objects.all().delete()
        answers = enter_simultaneously(api, lesson)
        assert statuses(answers) == {200: 6}
        assert len({answer.json()["session_uuid"] for answer in answers}) == 1
        assert ClassroomSession.objects.count() == 1


def test_control_without_the_constraint_creates_several_sessions(api, tutor, student):
    lesson = make_lesson(tutor, student)

    def attempt():
        ClassroomSession.objects.all().delete()
        try:
            enter_simultaneously(api, lesson)
        except ClassroomSession.MultipleObjectsReturned:
            return True
        return ClassroomSession.objects.count() > 1

    table = "classroom_classroomsession"
    with without_constraints(unique_name(table, "lesson_id"), table=table):
        repeat_until(attempt)


# Joining


def join_simultaneously(api, classroom, student, count=6):
    clients = [api(student) for _ in range(count)]
    body = {"join_code": classroom.join_code}
    return run_simultaneously(*(partial(c.post, "/api/classrooms/join/", body) for c in clients))


def test_simultaneous_joins_create_one_membership(api, tutor, student):
    for _ in range(4):
        classroom = make_classroom(tutor)
        answers = join_simultaneously(api, classroom, student)
        assert statuses(answers) == {200: 6}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert Membership.objects.filter(classroom=classroom).count() == 1


def test_simultaneous_joins_with_an_invitation_create_one_membership(api, tutor, student):
    for _ in range(4):
        classroom = make_classroom(tutor)
        Membership.objects.create(
            classroom=classroom, invited_email=student.email, status="invited"
        )
        answers = join_simultaneously(api, classroom, student)
        assert statuses(answers) == {200: 6}
        assert Membership.objects.get(classroom=classroom).status == "active"


def test_control_without_the_constraint_joins_create_two_memberships(api, tutor, student, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    classroom = make_classroom(tutor)

    def attempt():
        Membership.objects.all().delete()
        try:
            join_simultaneously(api, classroom, student)
        except Membership.MultipleObjectsReturned:
            return True
        return Membership.objects.count() > 1

    with without_constraints("membership_once_per_classroom", table="classrooms_membership"):
        repeat_until(attempt)


def test_simultaneous_invitations_of_one_email_create_one(api, tutor, student):
    classroom = make_classroom(tutor)
    for email in (student.email, "new@x.example"):
        clients = [api(tutor) for _ in range(5)]
        url = f"/api/classrooms/{classroom.pk}/members/"
        answers = run_simultaneously(*(partial(c.post, url, {"email": email}) for c in clients))
        assert statuses(answers) == {201: 5}
        assert len({answer.json()["id"] for answer in answers}) == 1


def test_simultaneous_removal_and_acceptance_leave_the_member_removed(api, tutor, student):
    """In either order, the removal is not undone by an acceptance that began before it."""
    classroom = make_classroom(tutor)
    for _ in range(10):
        Membership.objects.all().delete()
        membership = Membership.objects.create(
            classroom=classroom, student=student, status="invited"
        )
        url = f"/api/memberships/{membership.pk}/"
        of_tutor, of_student = api(tutor), api(student)
        removed, accepted = run_simultaneously(
            lambda: of_tutor.patch(url, {"status": "removed"}),  # noqa: B023
            lambda: of_student.post(f"{url}accept/"),  # noqa: B023
        )
        membership.refresh_from_db()
        assert removed.status_code in (200, 400)
        assert accepted.status_code in (200, 403)
        if removed.status_code == 200:
            assert membership.status == "removed"


# Pictures


@pytest.fixture
def upload_three(api, tutor, student, settings, tmp_path):
    """Upload three pictures at once, each nearly as large as the tutor's quota."""
    settings.MEDIA_ROOT, settings.STORAGE_QUOTA_MB = tmp_path, 1
    body = large_picture(900_000)

    def post_to(room):
        file = SimpleUploadedFile("x.png", body, "image/png")
        path = f"/api/classroom/sessions/{room}/files/"
        return api(student).post(path, {"file": file}, format="multipart")

    def upload_simultaneously():
        BoardFile.objects.all().delete()
        Lesson.objects.all().delete()
        lessons = [make_lesson(tutor, student, NOON + n * 2 * HOUR) for n in range(3)]
        calls = [partial(post_to, lesson.session.uuid) for lesson in lessons]
        return statuses(run_simultaneously(*calls))

    return upload_simultaneously


def test_simultaneous_uploads_never_exceed_the_quota(upload_three, tmp_path):
    assert upload_three() == {201: 1, 507: 2}
    assert BoardFile.objects.count() == 1
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_control_without_the_lock_uploads_exceed_the_quota(upload_three, monkeypatch):
    monkeypatch.setattr(upload_limits, "_lock_tutor", lambda _id: None)
    repeat_until(lambda: upload_three()[201] > 1)
