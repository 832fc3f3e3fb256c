"""Manifest, service worker and offline page, without a browser."""

import pytest
from django.contrib.staticfiles import finders

from tests.builders import make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("language", "words"), [("uk", "Уроки онлайн"), ("en", "Lessons online"), ("xx", "Lessons")]
)
def test_manifest_is_in_the_language_of_the_link(client, language, words):
    found = client.get(
        f"/manifest.webmanifest?language={language}", headers={"Accept-Language": "en"}
    )
    assert found["Content-Type"] == "application/manifest+json"
    assert found.json()["description"].startswith(words)


def test_manifest_has_the_name_of_the_school(client, settings):
    settings.SCHOOL_NAME = "Школа на горі"
    found = client.get("/manifest.webmanifest").json()
    assert (found["name"], found["short_name"]) == ("Школа на горі", "Школа на гор")


def test_icons_of_the_manifest_exist(client):
    icons = client.get("/manifest.webmanifest").json()["icons"]
    assert {icon.get("purpose", "any") for icon in icons} == {"any", "maskable"}
    for icon in icons:
        assert finders.find(icon["src"].removeprefix("/static/")), icon


def test_every_page_links_the_manifest_of_its_language(client):
    client.force_login(
        make_user("student", locale="uk"), "allauth.account.auth_backends.AuthenticationBackend"
    )
    page = client.get("/calendar/").content.decode()
    assert '<link rel="manifest" href="/manifest.webmanifest/?language=uk">' in page


def test_service_worker_is_checked_for_changes_and_may_control_the_site(client):
    found = client.get("/service-worker.js")
    assert found["Content-Type"].startswith("text/javascript")
    assert found["Cache-Control"] == "no-cache"


def test_offline_page_is_the_same_for_everybody(client, student):
    visitor = client.get("/offline/").content
    client.force_login(student, "allauth.account.auth_backends.AuthenticationBackend")
    found = client.get("/offline/")
    assert found.content == visitor
    assert not found.cookies
    assert b"/static/" not in visitor  # it has to be complete without the server
