"""The service worker: an offline page, notifications, and nothing private on the device."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import launch
from tests.push_service import Browser
from tests.server import start_kreida, stop_kreida

pytestmark = [pytest.mark.browser, pytest.mark.any_database]
TIMEOUT_MS = 20_000
READY = "() => navigator.serviceWorker.ready.then((found) => Boolean(found.active))"
CONTROLLED = "() => navigator.serviceWorker.controller !== null"
CACHED = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    found.push(...(await cache.keys()).map((request) => new URL(request.url).pathname));
  }
  return found;
}"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  const shown = await registration.getNotifications();
  return shown.map(({ title, body, tag, data }) => ({ title, body, tag, data }));
}"""


@pytest.fixture
def installed(playwright, site, scene):
    """A student's page that the service worker controls; the full browser, for permissions."""
    browser = launch(playwright)
    student = scene.person(role="student", first_name="Olena", locale="en")
    context = browser.new_context(base_url=site.url, permissions=["notifications"], locale="en-GB")
    context.set_default_timeout(TIMEOUT_MS)
    context.add_cookies([{"name": "sessionid", "value": student["session"], "url": site.url}])
    page = context.new_page()
    page.goto("/settings/notifications/")
    page.wait_for_function(READY)
    page.wait_for_function(CONTROLLED)
    yield page
    browser.close()


def test_only_the_offline_page_is_stored_on_the_device(installed):
    for path in ("/calendar/", "/settings/", "/classrooms/"):
        assert installed.goto(path).headers["cache-control"] == "no-store"
    assert installed.evaluate(CACHED) == ["/offline/"]


def test_app_can_be_installed(installed):
    devtools = installed.context.new_cdp_session(installed)
    errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # Contexts of Playwright are private windows, in which nothing can be installed.
    assert [each["errorId"] for each in errors] == ["in-incognito"]
    found = devtools.send("Page.getAppManifest")
    assert found["errors"] == []
    assert json.loads(found["data"])["lang"] == "en"


def test_push_message_is_shown_and_replaces_the_former_of_its_lesson(installed, site):
    devtools = installed.context.new_cdp_session(installed)
    registrations = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    installed.wait_for_function(CONTROLLED)
    for title in ("Lesson: Monday, 15:00", "Lesson: Monday, 16:00"):
        message = {"title": title, "body": "Algebra", "url": "/lessons/7/", "tag": "lesson-7"}
        devtools.send(
            "ServiceWorker.deliverPushMessage",
            {
                "origin": site.url,
                "registrationId": registrations[0]["registrationId"],
                "data": json.dumps(message),
            },
        )
        installed.wait_for_function(
            f"async () => (await ({SHOWN})()).some((each) => each.title === {title!r})"
        )
    [shown] = installed.evaluate(SHOWN)
    assert shown == {
        "title": "Lesson: Monday, 16:00",
        "body": "Algebra",
        "tag": "lesson-7",
        "data": "/lessons/7/",
    }


# In the place of the browser's push service, which headless Chromium does not have.
SUBSCRIBE = """(subscription) => {
  const { pushManager } = self.registration;
  pushManager.getSubscription = async () => null;
  pushManager.subscribe = async () => subscription;
}"""
RENEW = "() => { self.dispatchEvent(new ExtendableEvent('pushsubscriptionchange')); }"
PUT = """async (subscription) => {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
  const body = JSON.stringify(subscription);
  return (await fetch("/api/me/push/", { method: "PUT", headers, body })).status;
}"""


def test_subscription_that_the_push_service_ends_is_renewed(installed):
    keys = Browser().keys
    endpoint = "https://push.example/{}"
    assert installed.evaluate(PUT, {"endpoint": endpoint.format(1), "keys": keys}) == 200
    [worker] = installed.context.service_workers
    worker.evaluate(SUBSCRIBE, {"endpoint": endpoint.format(2), "keys": keys})
    with installed.context.expect_event(
        "response", lambda answer: answer.request.method == "PUT"
    ) as renewed:
        worker.evaluate(RENEW)
    assert renewed.value.status == 200
    assert renewed.value.request.post_data_json["endpoint"] == endpoint.format(2)


def test_settings_offer_reminders_in_this_browser(installed):
    expect(installed.get_by_role("button", name="Show reminders here")).to_be_visible()
    expect(installed.get_by_text("Reminders don’t appear in this browser.").first).to_be_visible()


def test_offline_page_is_shown_while_the_server_is_down(playwright, tmp_path, kreida_seed):
    server = start_kreida(tmp_path, kreida_seed)
    browser = launch(playwright)
    context = browser.new_context(base_url=server.url, locale="uk")
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto("/")
    page.wait_for_function(CONTROLLED)
    stop_kreida(server)
    page.goto("/accounts/login/")
    expect(page.get_by_role("heading", name="Немає з’єднання")).to_be_visible()
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    browser.close()
