"""Daily limits of invitations, and their mails."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from apps.accounts.models import User
from apps.classrooms import invitations, services
from apps.classrooms.models import Membership
from apps.classrooms.students import mail_student_link
from apps.common.errors import DomainError
from apps.common.models import DailyLimit
from tests.builders import make_classroom, make_placeholder, make_user

pytestmark = pytest.mark.django_db


def test_tutor_over_the_daily_limit_is_throttled_until_the_next_day(
    invite, tutor, classroom, monkeypatch
):
    monkeypatch.setattr(invitations, "MAX_PER_TUTOR", 3)
    answers = [invite(classroom, f"a{n}@x.example") for n in range(4)]
    assert [a.status_code for a in answers] == [201, 201, 201, 429]
    assert answers[3].json()["error"] == "throttled"
    assert 86000 < int(answers[3]["Retry-After"]) <= 86401
    assert not Membership.objects.filter(invited_email="a3@x.example").exists()
    DailyLimit.objects.update(began_at=timezone.now() - timedelta(days=1))
    assert invite(classroom, "a3@x.example").status_code == 201


def test_tutor_may_send_one_hundred_invitations_a_day(invite, classroom):
    assert invite(classroom, "first@x.example").status_code == 201
    DailyLimit.objects.filter(name=f"invitations:tutor:{classroom.tutor_id}").update(used=98)
    statuses = [invite(classroom, f"a{n}@x.example").status_code for n in range(3)]
    assert statuses == [201, 201, 429]


def test_address_gets_one_mail_a_day_per_tutor_and_three_in_all(invite_by_mail, tutor):
    for _ in range(3):
        invite_by_mail(make_classroom(tutor), "new@x.example")
        invite_by_mail(tutor.classrooms.first(), "new@x.example")
    assert len(invite_by_mail(make_classroom(make_user("tutor")), "new@x.example")) == 2
    for _ in range(5):
        sent = invite_by_mail(make_classroom(make_user("tutor")), "new@x.example")
    assert len(sent) == invitations.MAX_MAILS_PER_ADDRESS


def test_subaddresses_share_the_limits_of_their_mailbox(invite_by_mail, tutor):
    for tag in range(3):
        sent = invite_by_mail(make_classroom(tutor), f"new+{tag}@x.example")
    assert len(sent) == 1


def test_address_over_its_daily_limit_cannot_be_invited(invite):
    statuses = [
        invite(make_classroom(make_user("tutor")), "new@x.example").status_code for _ in range(11)
    ]
    assert statuses == [201] * 10 + [429]


def test_repeated_invitation_is_mailed_again_the_next_day(invite_by_mail, classroom):
    invite_by_mail(classroom, "new@x.example")
    DailyLimit.objects.update(began_at=timezone.now() - timedelta(days=1))
    assert len(invite_by_mail(classroom, "new@x.example")) == 2


def test_tutor_gets_three_mails_a_day_about_a_student_who_leaves_and_rejoins(
    api, student, classroom, settings, mailoutbox, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "smtp://localhost"
    membership, client = classroom.memberships.get(), api(student)
    User.objects.filter(pk=classroom.tutor_id).update(locale="en")

    def leave_and_rejoin():
        with django_capture_on_commit_callbacks(execute=True):
            left = client.post(f"/api/memberships/{membership.pk}/leave/")
            assert left.status_code == 200
        joined = client.post("/api/classrooms/join/", {"join_code": classroom.join_code})
        assert joined.status_code == 200

    def about_leaving():
        return [mail.to for mail in mailoutbox if "has left" in mail.body]

    for _ in range(5):
        leave_and_rejoin()
    assert about_leaving() == [[classroom.tutor.email]] * 3
    DailyLimit.objects.update(began_at=timezone.now() - timedelta(days=1))
    leave_and_rejoin()
    assert len(about_leaving()) == 4


def test_mails_about_students_who_leave_are_limited_per_classroom(
    api, tutor, settings, mailoutbox, monkeypatch, django_capture_on_commit_callbacks
):
    """A stranger who has the code can make any number of accounts."""
    settings.EMAIL_URL = "smtp://localhost"
    monkeypatch.setattr(services, "MAX_NOTICES_PER_CLASSROOM", 2)
    students = [make_user("student") for _ in range(4)]
    for membership in make_classroom(tutor, *students).memberships.all():
        with django_capture_on_commit_callbacks(execute=True):
            api(membership.student).post(f"/api/memberships/{membership.pk}/leave/")
    assert len(mailoutbox) == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_daily_limit_holds_for_concurrent_callers():
    barrier, admitted = threading.Barrier(8), []

    def consume():
        barrier.wait(10)
        admitted.append(DailyLimit.use("key", 3, timezone.now()))
        connections.close_all()

    threads = [threading.Thread(target=consume) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(admitted) == [False] * 5 + [True] * 3


def test_invitation_mail_shortens_names_and_breaks_their_links(invite_by_mail, settings):
    tutor = make_user("tutor", "Visit https://evil.example/" + "x" * 70, "Y" * 100)
    [mail] = invite_by_mail(
        make_classroom(tutor, name="www.evil.example " + "z" * 180), "new@x.example"
    )
    tutor.locale = "en"
    assert not {"x", "evil", "z"} & set(mail.subject.split())
    text = mail.body.replace(settings.PUBLIC_URL, "")
    assert "evil.example" not in text
    assert "://" not in text
    assert "x" * 70 not in text
    assert "z" * 100 not in text
    assert len(text) < 900


def test_link_in_the_mail_opens_the_invitation(invite_by_mail, classroom, settings, client):
    [mail] = invite_by_mail(classroom, "new@x.example")
    assert mail.to == ["new@x.example"]
    start = mail.body.index(settings.PUBLIC_URL)
    path = mail.body[start:].split()[0].removeprefix(settings.PUBLIC_URL)
    page = client.get(path, follow=True)
    assert page.redirect_chain[-1][0] == "/classrooms/invitation/"
    assert classroom.name in page.content.decode()


def test_mail_goes_to_the_idna_2008_form_of_the_domain(invite_by_mail, classroom):
    [mail] = invite_by_mail(classroom, "a@faß.example")
    assert mail.to == ["a@xn--fa-hia.example"]


def test_mail_refused_for_a_mailbox_says_when_its_own_day_ends(settings, classroom):
    settings.EMAIL_URL = "smtp://localhost"
    student, email = make_placeholder(classroom, email="new@x.example"), "new@x.example"
    earlier = timezone.now() - timedelta(hours=20)
    for _ in range(invitations.MAX_MAILS_PER_ADDRESS):
        invitations.consume_mail_limit(make_user("tutor"), email, earlier)
    with pytest.raises(DomainError) as refusal:
        mail_student_link(tutor=classroom.tutor, student=student)
    assert 14_300 < refusal.value.retry_after <= 14_401


def test_use_over_the_limit_changes_nothing_and_a_new_day_starts_over():
    now = timezone.now()
    assert [DailyLimit.use("x", 3, now, 2), DailyLimit.use("x", 3, now, 2)] == [True, False]
    assert not DailyLimit.use("y", 1, now, 2)
    assert DailyLimit.objects.get().used == 2
    for later in (timedelta(days=1), -timedelta(hours=2)):  # the clock may also be set back
        assert DailyLimit.use("x", 3, now + later, 3)
        assert DailyLimit.objects.get(name="x").began_at == now + later
