"""The error of an invalid choice lists the choices."""

import pytest
from django.utils import translation

from apps.web.lessons.forms import InviteLinkForm


@pytest.mark.parametrize("value", ["de", "", 7, ["uk"], {"a": 1}])
def test_refused_language_names_the_languages(api, student, value):
    response = api(student).patch("/api/me/", {"locale": value})
    assert response.status_code == 400
    assert response.json()["fields"] == {"locale": ["Must be one of: uk, en."]}


def test_refused_status_names_the_statuses(api, tutor, classroom):
    url = f"/api/memberships/{classroom.memberships.get().pk}/"
    response = api(tutor).patch(url, {"status": "gone"})
    assert response.json()["fields"] == {"status": ["Must be one of: active, paused, removed."]}


def test_refused_filter_names_the_statuses(api, tutor, classroom):
    response = api(tutor).get(f"/api/classrooms/{classroom.pk}/members/?status=gone")
    [sentence] = response.json()["fields"]["status"]
    assert sentence.startswith("Must be one of: ")
    assert "invited" in sentence


def test_refused_zone_names_an_example(api, student):
    response = api(student).patch("/api/me/", {"timezone": "Kyiv"})
    assert "Europe/Kyiv" in response.json()["fields"]["timezone"][0]


def test_choice_error_is_in_the_requested_language(api, student):
    response = api(student).patch("/api/me/", {"locale": "de"}, headers={"Accept-Language": "uk"})
    assert response.json()["fields"]["locale"] == ["Має бути одне з: uk, en."]


def test_page_error_names_the_languages(client, student):
    client.force_login(student)
    response = client.post("/settings/", {"locale": "xx"})
    assert response.status_code == 400
    with translation.override("uk"):
        errors = response.context["form"].errors["locale"]
        assert errors == ["Має бути одне з: Українська, English."]


def test_page_error_names_the_lifetimes_of_a_link():
    with translation.override("en"):
        [sentence] = InviteLinkForm({"ttl_seconds": "5"}).errors["ttl_seconds"]
    choices = "until the lesson has ended, an hour, a day, a week, 30 days"
    assert sentence == f"Must be one of: {choices}."
