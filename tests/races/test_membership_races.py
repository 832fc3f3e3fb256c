"""Simultaneous joins, invitations and changes of memberships."""

from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from apps.classrooms import services
from apps.classrooms.models import Membership
from tests.builders import make_classroom
from tests.races.simultaneous import repeat_until, run_simultaneously, statuses, without_constraints

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def join_simultaneously(api, classroom, student, count=6):
    clients = [api(student) for _ in range(count)]
    body = {"join_code": classroom.join_code}
    return run_simultaneously(*(partial(c.post, "/api/classrooms/join/", body) for c in clients))


def read_own_membership(classroom, student):
    """What services._lock_own_membership would be without its locks."""
    return Membership.objects.filter(classroom=classroom, student=student).first()


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


def test_control_without_lock_and_constraint_joins_create_two_memberships(
    api, tutor, student, settings, monkeypatch
):
    monkeypatch.setattr(services, "_lock_own_membership", read_own_membership)
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


@pytest.fixture
def accept_while_removed(api, tutor, student):
    """Accept an invitation to the address of a student who had left while the tutor removes them;
    return both answers' statuses and the student's final one."""
    classroom = make_classroom(tutor)

    def attempt():
        Membership.objects.all().delete()
        left = Membership.objects.create(
            classroom=classroom, student=student, status="left", joined_at=timezone.now()
        )
        invited = Membership.objects.create(
            classroom=classroom, invited_email=student.email, status="invited"
        )
        of_tutor, of_student = api(tutor), api(student)
        removed, accepted = run_simultaneously(
            lambda: of_tutor.patch(f"/api/memberships/{left.pk}/", {"status": "removed"}),
            lambda: of_student.post(f"/api/memberships/{invited.pk}/accept/"),
        )
        left.refresh_from_db()
        return removed.status_code, accepted.status_code, left.status

    return attempt


def test_removal_of_a_student_who_had_left_holds_against_an_acceptance(accept_while_removed):
    outcomes = {accept_while_removed() for _ in range(10)}
    assert outcomes <= {(200, 403, "removed"), (200, 200, "removed"), (400, 200, "active")}


def test_control_without_the_lock_the_two_end_in_a_deadlock(accept_while_removed, monkeypatch):
    monkeypatch.setattr(services, "_lock_own_membership", read_own_membership)
    repeat_until(lambda: max(accept_while_removed()[:2]) >= 500)


def test_simultaneous_acceptances_of_two_addresses_leave_one_membership(api, tutor, student):
    EmailAddress.objects.create(user=student, email="second@home.example", verified=True)
    classroom = make_classroom(tutor)
    for _ in range(10):
        Membership.objects.all().delete()
        invited = [
            Membership.objects.create(classroom=classroom, invited_email=email, status="invited")
            for email in (student.email, "second@home.example")
        ]
        answers = run_simultaneously(
            *(partial(api(student).post, f"/api/memberships/{m.pk}/accept/") for m in invited)
        )
        assert statuses(answers) == {200: 2}
        assert Membership.objects.get().status == "active"


@pytest.fixture
def answer_simultaneously(api, tutor, student):
    """Accept and decline one invitation at once; return both statuses and the final status."""
    classroom = make_classroom(tutor)
    clients = {answer: api(student) for answer in ("accept", "decline")}

    def answer():
        Membership.objects.all().delete()
        invited = Membership.objects.create(classroom=classroom, student=student, status="invited")
        url = f"/api/memberships/{invited.pk}"
        answers = run_simultaneously(
            *(partial(client.post, f"{url}/{name}/") for name, client in clients.items())
        )
        invited.refresh_from_db()
        return (*(each.status_code for each in answers), invited.status)

    return answer


def test_simultaneous_acceptance_and_refusal_have_one_winner(answer_simultaneously):
    outcomes = {answer_simultaneously() for _ in range(10)}
    assert outcomes <= {(200, 403, "active"), (403, 200, "declined")}


def test_control_without_the_lock_acceptance_and_refusal_both_win(
    answer_simultaneously, monkeypatch
):
    def read(membership):
        return Membership.objects.select_related("classroom", "student").get(pk=membership.pk)

    monkeypatch.setattr(services, "_lock_membership", read)
    repeat_until(lambda: answer_simultaneously()[:2] == (200, 200))
