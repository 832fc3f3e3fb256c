"""The settings page with the address of the calendar feed."""

import pytest

from apps.lessons.feed.address import feed_url


@pytest.mark.parametrize("person", ["tutor", "student"])
def test_page_has_address_and_link_for_the_device(person, browser, request):
    user = request.getfixturevalue(person)
    page = browser(user).get("/settings/calendar/").content.decode()
    url = feed_url(user)
    assert f'value="{url}"' in page
    assert f'href="webcal://{url.partition("://")[2]}"' in page


def test_new_address_is_confirmed_first(browser, tutor):
    before = feed_url(tutor)
    page = browser(tutor).get("/settings/calendar/address/")
    assert "Create a new address?" in page.content.decode()
    assert feed_url(tutor) == before


def test_new_address_replaces_the_old_one(browser, tutor, client, settings):
    before = feed_url(tutor)
    response = browser(tutor).post("/settings/calendar/address/")
    assert response.url == "/settings/calendar/"
    after = feed_url(tutor)
    statuses = [
        client.get(url.removeprefix(settings.PUBLIC_URL)).status_code for url in (before, after)
    ]
    assert statuses == [404, 200]


def test_page_is_not_stored_by_browsers(browser, tutor):
    assert "no-store" in browser(tutor).get("/settings/calendar/")["Cache-Control"]
