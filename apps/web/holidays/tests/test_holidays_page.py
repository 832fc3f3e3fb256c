from datetime import date

from apps.lessons.models import Holiday
from apps.lessons.series.holidays import add_holiday

PATH = "/settings/holidays/"
WINTER = {"name": "Winter", "first_date": "2026-12-26", "last_date": "2027-01-10"}


def test_days_are_added_and_deleted(browser, tutor):
    client = browser(tutor)
    assert client.post(PATH, WINTER).status_code == 302
    holiday = Holiday.objects.get()
    assert "Winter" in client.get(PATH).content.decode()
    client.post(f"{PATH}{holiday.pk}/delete/")
    assert not Holiday.objects.exists()


def test_wrong_order_of_days_is_named_at_the_last_day(browser, tutor):
    page = browser(tutor).post(PATH, {**WINTER, "last_date": "2026-12-01"})
    assert page.status_code == 400
    assert 'id="id_last_date_error"' in page.content.decode()


def test_holidays_of_another_tutor_are_not_found(browser, tutor, other_tutor):
    dates = {"first_date": date(2027, 3, 22), "last_date": date(2027, 3, 28)}
    holiday = add_holiday(tutor=tutor, name="Spring", **dates)
    client = browser(other_tutor)
    assert client.post(f"{PATH}{holiday.pk}/delete/").status_code == 404
    assert "22 March 2027" not in client.get(PATH).content.decode().partition("<h2>")[0]
    assert Holiday.objects.exists()


def test_suggestion_that_was_added_is_not_offered_again(browser, tutor):
    client = browser(tutor)
    page = client.get(PATH).content.decode()
    count = page.count('name="first_date" value="20')
    assert count > 1
    first = page.partition('name="first_date" value="')[2][:10]
    last = page.partition('name="last_date" value="')[2][:10]
    client.post(PATH, {"name": "Holidays", "first_date": first, "last_date": last})
    assert client.get(PATH).content.decode().count('name="first_date" value="20') == count - 1
