"""Settings, bank details and payers submitted after they changed in another tab."""

import re
from datetime import time
from html import unescape

import pytest
from django.urls import reverse

from apps.accounts.notifications.preferences import (
    Preferences,
    load_preferences,
    save_preferences,
)
from apps.billing.accounts import get_account
from apps.billing.cancellation_policies import get_policy
from apps.billing.models import PayeeDetails
from apps.billing.payments.payees import save_payee
from apps.billing.payments.payers import save_payer
from tests.builders import make_placeholder

pytestmark = pytest.mark.django_db


def shown_form(page, form, **changes):
    """What a browser submits from a form of a page, lists included, with some values changed."""
    html = "".join(str(form[name]) for name in form.fields)
    assert all(f'name="initial-{name}"' in html for name in form.initial if name in form.fields)
    sent = {}
    for name in form.fields:
        value = form[name].value()
        if value is not False and value is not None:
            sent[name] = "on" if value is True else value
    for tag in re.findall(r'<input[^>]*name="initial-[^>]*>', page.content.decode()):
        name, value = (re.search(rf' {n}="([^"]*)"', tag) for n in ("name", "value"))
        sent[name[1]] = unescape(value[1]) if value else ""
    return {name: value for name, value in {**sent, **changes}.items() if value is not None}


NOTIFICATIONS = "/settings/notifications/"


def test_notifications_changed_in_two_tabs_are_both_saved(browser, student, settings):
    settings.EMAIL_URL = "memory://"
    client = browser(student)
    page = client.get(NOTIFICATIONS)
    assert page.content.decode().count('name="initial-') == 4
    form = page.context["form"]
    for change in (
        {"reminders_minutes": ["30"]},
        {"email": None},
        {"quiet_from": "22:00", "quiet_to": "07:00"},
    ):
        assert client.post(NOTIFICATIONS, shown_form(page, form, **change)).status_code == 302
    found = load_preferences(student.pk)
    assert (found.email, found.reminders_minutes) == (False, [30])
    assert (found.quiet_from, found.quiet_to) == (time(22), time(7))


@pytest.mark.parametrize("theirs", [["60", "30"], []])
def test_reminders_changed_in_two_tabs_are_shown(browser, student, settings, theirs):
    settings.EMAIL_URL = "memory://"
    client = browser(student)
    page = client.get(NOTIFICATIONS)
    form = page.context["form"]
    client.post(NOTIFICATIONS, shown_form(page, form, reminders_minutes=theirs))
    mine = client.post(NOTIFICATIONS, shown_form(page, form, reminders_minutes=["5"]))
    assert mine.status_code == 409
    assert "This has changed in the meantime" in mine.content.decode()
    assert load_preferences(student.pk).reminders_minutes == [int(each) for each in theirs]
    again = client.post(NOTIFICATIONS, shown_form(mine, mine.context["form"]))
    assert again.status_code == 302
    assert load_preferences(student.pk).reminders_minutes == [5]


def test_reminders_set_where_none_were_shown_are_not_lost(browser, student):
    save_preferences(student, Preferences(reminders_minutes=[]))
    client = browser(student)
    page = client.get(NOTIFICATIONS)
    sent = shown_form(page, page.context["form"])
    save_preferences(student, Preferences(reminders_minutes=[60]))
    assert client.post(NOTIFICATIONS, {**sent, "quiet_from": "22:00", "quiet_to": "7:00"}).url
    assert load_preferences(student.pk).reminders_minutes == [60]


PAYEE = {"name": "A", "iban": "UA213223130000026007233566001", "tax_id": "1234567890"}
OTHER_IBAN = "UA903052992990004149123456789"


@pytest.fixture
def payee_tabs(browser, tutor):
    save_payee(tutor=tutor, currency="UAH", purpose="Lessons", **PAYEE)
    client, url = browser(tutor), reverse("web:payee-details")
    page = client.get(url)
    form = page.context["forms"]["UAH"]
    base = {f"initial-{name}": value for name, value in form.initial.items()}
    base |= {**form.initial, "currency": "UAH"}
    assert page.content.decode().count('name="initial-') >= len(form.initial)
    return lambda **changes: client.post(url, {**base, **changes})


def test_bank_details_changed_in_two_tabs_are_both_saved(payee_tabs, tutor):
    assert payee_tabs(name="B").status_code == 302
    assert payee_tabs(purpose="Music").status_code == 302
    found = PayeeDetails.objects.get(tutor=tutor)
    assert (found.name, found.purpose) == ("B", "Music")


def test_owner_and_number_of_two_bank_accounts_are_not_mixed(payee_tabs, tutor):
    assert payee_tabs(iban=OTHER_IBAN).status_code == 302
    answer = payee_tabs(name="B")
    assert answer.status_code == 409
    assert OTHER_IBAN in answer.content.decode()
    assert PayeeDetails.objects.get(tutor=tutor).name == "A"


def test_payer_changed_in_two_tabs_keeps_both_changes(browser, tutor, student, classroom):
    brother = make_placeholder(classroom)
    accounts = [get_account(tutor, each) for each in (student, brother)]
    payer = save_payer(tutor=tutor, name="A", email="", accounts=accounts[:1])
    client, url = browser(tutor), reverse("web:payer", args=[payer.pk])
    page = client.get(url)
    form = page.context["form"]
    both = [str(student.pk), str(brother.pk)]
    assert client.post(url, shown_form(page, form, students=both)).status_code == 302
    assert client.post(url, shown_form(page, form, name="B")).status_code == 302
    payer.refresh_from_db()
    assert payer.name == "B"
    assert payer.accounts.count() == 2
    refused = client.post(url, shown_form(page, form, students=[]))
    assert refused.status_code == 409
    assert brother.get_full_name() in refused.content.decode()
    assert payer.accounts.count() == 2


def test_cancellation_rules_changed_in_two_tabs_keep_both_changes(browser, tutor):
    client, url = browser(tutor), reverse("web:cancellation-policy")
    page = client.get(url)
    form = page.context["form"]
    assert page.content.decode().count('name="initial-') == len(form.fields)
    shown = shown_form(page, form)
    assert client.post(url, {**shown, "students_may_cancel": "on"}).status_code == 302
    assert client.post(url, {**shown, "no_fault_reasons": ["illness"]}).status_code == 302
    assert client.post(url, {**shown, "notice": "90", "notice_unit": "1"}).status_code == 302
    found = get_policy(tutor.pk)
    assert (found.students_may_cancel, found.no_fault_reasons) == (True, ["illness"])
    assert found.free_until_minutes == 90
    refused = client.post(url, {**shown, "notice": "5"})
    assert refused.status_code == 409
    assert get_policy(tutor.pk).free_until_minutes == 90
