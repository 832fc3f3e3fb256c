"""When the body of a request counts as stalled."""

import pytest

from apps.common.http_protocol import BODY_WINDOW, MIN_BODY_RATE, TICK, BodyProgress


def stalls_at(received_at):
    """Return the seconds until a body stalls that has received `received_at(second)` bytes."""
    progress = BodyProgress(0.0)
    for tick in range(1, 200):
        seconds = tick * TICK
        if progress.is_stalled(seconds, received_at(seconds)):
            return seconds
    return None


@pytest.mark.parametrize("burst", [0, 1000, 20 * 1024 * 1024])
def test_body_stalls_whatever_arrived_before(burst):
    assert stalls_at(lambda _seconds: burst) <= BODY_WINDOW + TICK


def test_body_at_the_minimum_rate_does_not_stall():
    assert stalls_at(lambda seconds: seconds * MIN_BODY_RATE) is None


def test_body_that_pauses_for_less_than_the_window_does_not_stall():
    step = BODY_WINDOW / 2
    rate = 2 * MIN_BODY_RATE
    assert stalls_at(lambda seconds: (seconds // step) * step * rate) is None


def test_restart_forgets_the_time_before():
    progress = BodyProgress(0.0)
    progress.restart(BODY_WINDOW, 0)
    assert not progress.is_stalled(BODY_WINDOW + TICK, 0)
