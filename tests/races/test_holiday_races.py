"""Simultaneous holidays of one tutor, who has room for one more."""

from datetime import date, timedelta
from functools import partial

import pytest

from apps.lessons.models import MAX_HOLIDAYS, Holiday
from tests.races.simultaneous import run_simultaneously, statuses

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
DAY = timedelta(days=1)
FIRST = date(2027, 1, 1)


def post(client, day):
    sent = {"name": "Holiday", "first_date": day.isoformat(), "last_date": day.isoformat()}
    return client.post("/api/me/holidays/", sent)


def test_simultaneous_holidays_never_exceed_the_limit(api, tutor):
    rows = [
        Holiday(tutor=tutor, name="Earlier", first_date=day, last_date=day)
        for day in (FIRST + n * DAY for n in range(MAX_HOLIDAYS - 1))
    ]
    for _ in range(5):
        Holiday.objects.all().delete()
        Holiday.objects.bulk_create(rows)
        clients = [api(tutor) for _ in range(6)]
        days = [FIRST + (300 + n) * DAY for n in range(6)]
        answers = run_simultaneously(
            *(partial(post, client, day) for client, day in zip(clients, days, strict=True))
        )
        assert statuses(answers) == {201: 1, 400: 5}
        assert Holiday.objects.count() == MAX_HOLIDAYS
