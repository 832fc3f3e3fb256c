import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.common.errors import DomainError
from apps.common.turns import turn


def test_request_too_many_of_a_person_is_refused_and_others_go_on(monkeypatch):
    monkeypatch.setattr("apps.common.turns.MAX_REQUESTS", 2)
    entered, leave = threading.Event(), threading.Event()
    order = []

    def run(name, *, waits=False):
        with turn(1):
            order.append(name)
            if waits:
                entered.set()
                leave.wait(20)

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(run, "first", waits=True)
        assert entered.wait(20)
        later = [pool.submit(run, "second"), pool.submit(run, "third")]
        refused = next(each for each in later if _failed(each))
        assert refused.exception(20).code == "throttled"
        with turn(2):
            order.append("other")
        leave.set()
        first.result(20)
        next(each for each in later if each is not refused).result(20)
    assert order[:2] == ["first", "other"]
    assert len(order) == 3
    run("later")


def _failed(future):
    """One of the two waits for the first request, the other is refused at once."""
    try:
        return future.exception(1) is not None
    except TimeoutError:
        return False


def test_turn_may_be_nested_and_is_over_after_an_error():
    with pytest.raises(DomainError), turn(1), turn(1):
        raise DomainError("forbidden", 403, "")
    with turn(1):
        pass


def test_turn_that_does_not_come_is_refused(monkeypatch):
    monkeypatch.setattr("apps.common.turns.MAX_WAIT", 0.05)
    with turn(1), ThreadPoolExecutor(1) as pool:
        error = pool.submit(lambda: turn(1).__enter__()).exception(20)
    assert isinstance(error, DomainError)
    assert error.code == "throttled"
