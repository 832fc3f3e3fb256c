"""The policy in words: set by the tutor, shown and accepted where a student joins."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.placeholders import make_student_link
from apps.billing.cancellation_policies import get_policy
from apps.billing.models import CancellationPolicy, PolicyAcceptance
from apps.classrooms.models import Membership
from tests.builders import make_classroom, make_membership, make_placeholder

pytestmark = pytest.mark.django_db
SETTINGS = reverse("web:cancellation-policy")
SENT = {
    "students_may_cancel": "on",
    "notice": "24",
    "notice_unit": "60",
    "late_charge_percent": "50",
    "free_late_cancellations": "1",
    "free_late_period_days": "90",
    "no_show_charge_percent": "100",
    "no_fault_reasons": ["illness", "air_alert"],
}
IN_WORDS = [
    "A lesson can be cancelled free of charge if 24 hours or more are left.",
    "A lesson that is cancelled later is charged at 50 %.",
    "1 late cancellation is free in each period of 90 days.",
    "A late cancellation is free for these reasons: illness, air alert.",
    "A missed lesson is charged in full.",
    "A lesson that the tutor cancels is never charged.",
]


@pytest.fixture
def policy(tutor):
    return CancellationPolicy.objects.create(
        tutor=tutor, created_at=timezone.now() - timedelta(days=9), students_may_cancel=True
    )


def text_of(response):
    return response.content.decode()


# The tutor's settings


def test_tutor_sets_the_policy_and_reads_it_in_words(browser, tutor):
    client = browser(tutor)
    assert "You have no rules yet" in text_of(client.get(SETTINGS))
    assert client.post(SETTINGS, SENT).url == SETTINGS
    stored = get_policy(tutor.pk)
    assert (stored.free_until_minutes, stored.late_charge_percent) == (1440, 50)
    assert stored.no_fault_reasons == ["illness", "air_alert"]
    page = text_of(client.get(SETTINGS))
    for sentence in IN_WORDS:
        assert sentence in page


def test_earlier_versions_stay_on_the_page(browser, tutor):
    client = browser(tutor)
    client.post(SETTINGS, SENT)
    client.post(SETTINGS, {**SENT, "late_charge_percent": "100"})
    client.post(SETTINGS, {**SENT, "late_charge_percent": "100"})
    assert CancellationPolicy.objects.count() == 2
    page = text_of(client.get(SETTINGS))
    assert page.index("cancelled later is charged in full") < page.index("charged at 50 %")


def test_more_versions_than_a_tutor_makes_a_day_are_refused(browser, tutor, monkeypatch):
    monkeypatch.setattr("apps.web.policy.views.POLICIES", 1)
    client = browser(tutor)
    client.post(SETTINGS, SENT)
    assert client.post(SETTINGS, {**SENT, "late_charge_percent": "100"}).status_code == 429
    assert CancellationPolicy.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"notice": "337"}, "notice"),
        ({"notice": "-1"}, "notice"),
        ({"notice_unit": "7"}, "notice_unit"),
        ({"late_charge_percent": "101"}, "late_charge_percent"),
        ({"free_late_cancellations": "11"}, "free_late_cancellations"),
        ({"free_late_period_days": "0"}, "free_late_period_days"),
        ({"no_fault_reasons": ["weather"]}, "no_fault_reasons"),
    ],
)
def test_wrong_policy_is_refused(browser, tutor, change, field):
    response = browser(tutor).post(SETTINGS, {**SENT, **change})
    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    assert not CancellationPolicy.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentences"),
    [
        ({"students_may_cancel": False}, 2),
        ({"free_until_minutes": 0}, 3),
        ({"late_charge_percent": 0}, 4),
        ({"free_until_minutes": 90}, 4),
    ],
)
def test_each_kind_of_policy_has_its_words(browser, tutor, student, classroom, fields, sentences):
    CancellationPolicy.objects.create(tutor=tutor, **{"students_may_cancel": True, **fields})
    page = browser(student).get(reverse("web:tutor-policy", args=[tutor.pk]))
    assert len(page.context["sentences"]) == sentences


# Joining


def test_student_who_joins_by_the_form_with_the_policy_accepts_it(browser, tutor, student, policy):
    client, code = browser(student), make_classroom(tutor).join_code
    page = client.get(f"/join/{code}/")
    assert "A missed lesson is charged in full." in text_of(page)
    sent = {"join_code": code, "policy": page.context["policy"].id}
    assert client.post("/join/", sent).url == "/classrooms/"
    accepted = PolicyAcceptance.objects.get()
    assert (accepted.student, accepted.policy) == (student, policy)


def test_student_who_joins_without_having_seen_the_policy_is_led_to_it(
    browser, tutor, student, policy
):
    client, code = browser(student), make_classroom(tutor).join_code
    url = reverse("web:tutor-policy", args=[tutor.pk])
    assert client.post("/join/", {"join_code": code}).url == url
    assert not PolicyAcceptance.objects.exists()
    client.post(url, {"policy": policy.pk})
    assert PolicyAcceptance.objects.get().policy == policy
    assert "You accepted these rules" in text_of(client.get(url))


def test_version_that_was_replaced_meanwhile_is_not_accepted(browser, tutor, student, policy):
    client, code = browser(student), make_classroom(tutor).join_code
    newer = CancellationPolicy.objects.create(tutor=tutor, students_may_cancel=False)
    response = client.post("/join/", {"join_code": code, "policy": policy.pk})
    assert response.url == reverse("web:tutor-policy", args=[tutor.pk])
    assert not PolicyAcceptance.objects.exists()
    client.post(response.url, {"policy": newer.pk})
    assert PolicyAcceptance.objects.get().policy == newer


def test_tutor_without_a_policy_asks_for_nothing(browser, tutor, student):
    client, code = browser(student), make_classroom(tutor).join_code
    assert client.get(f"/join/{code}/").context["policy"] is None
    assert client.post("/join/", {"join_code": code}).url == "/classrooms/"


def test_invitation_in_the_list_leads_to_the_policy(browser, tutor, student, policy):
    invited = make_membership(make_classroom(tutor), student, "invited")
    response = browser(student).post(reverse("web:accept", args=[invited.pk]))
    assert response.url == reverse("web:tutor-policy", args=[tutor.pk])
    assert Membership.objects.get().status == "active"


def test_student_link_shows_the_policy_and_records_it(browser, tutor, student, policy):
    added = make_placeholder(make_classroom(tutor))
    client = browser(student)
    opened = client.get(make_student_link(added, timezone.now()).url, follow=True)
    assert "A missed lesson is charged in full." in text_of(opened)
    shown = opened.context["policy"].id
    page = reverse("web:student-invitation")
    assert client.post(page, {"answer": "accept", "policy": shown}).url == "/calendar/"
    assert PolicyAcceptance.objects.get().student == student


# A new version


def test_new_version_is_shown_again_and_blocks_nothing(browser, tutor, student, classroom, policy):
    PolicyAcceptance.objects.create(policy=policy, student=student)
    client, url = browser(student), reverse("web:tutor-policy", args=[tutor.pk])
    assert url not in text_of(client.get("/calendar/"))
    newer = CancellationPolicy.objects.create(tutor=tutor, students_may_cancel=False)
    assert url in text_of(client.get("/calendar/"))
    page = client.get(url)
    assert page.context["earlier"]
    client.post(url, {"policy": newer.pk})
    assert url not in text_of(client.get("/calendar/"))


def test_stranger_does_not_find_the_policy(browser, tutor, stranger, policy):
    assert browser(stranger).get(reverse("web:tutor-policy", args=[tutor.pk])).status_code == 404


def test_policy_in_ukrainian_has_its_forms(browser, tutor, student, classroom):
    CancellationPolicy.objects.create(
        tutor=tutor,
        students_may_cancel=True,
        free_until_minutes=180,
        free_late_cancellations=2,
        no_fault_reasons=["power_cut"],
    )
    page = text_of(browser(student, "uk").get(reverse("web:tutor-policy", args=[tutor.pk])))
    assert "3 години" in page
    assert "A lesson" not in page
