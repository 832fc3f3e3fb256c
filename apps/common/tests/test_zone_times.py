"""Tests of the line that says whose clock is shown."""

import pytest
from django.utils import translation

from apps.common.zone_times import zone_time


@pytest.mark.parametrize(
    ("zone", "ukrainian", "english"),
    [
        ("Europe/Kyiv", "Час за Києвом", "Kyiv time"),
        ("Europe/Kiev", "Час за Києвом", "Kyiv time"),
        ("Europe/Warsaw", "Час за Варшавою", "Warsaw time"),
        ("America/Toronto", "Час: Торонто", "Time: Toronto"),
        ("America/Argentina/Ushuaia", "Час: Ушуая", "Time: Ushuaia"),
        ("UTC", "Час: UTC", "Time: UTC"),
    ],
)
def test_city_is_declined_or_stands_after_a_colon(zone, ukrainian, english):
    for locale, expected in (("uk", ukrainian), ("en", english)):
        with translation.override(locale):
            assert zone_time(zone) == expected
