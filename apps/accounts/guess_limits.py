"""How fast passwords and codes may be guessed: a delay that grows with wrong guesses, never a lock.

Counted by account, whichever of its addresses or host names was used. Somebody on a device where
this account has signed in before is counted apart, so that strangers' guesses cannot hold them up.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


@dataclass(frozen=True)
class GuessLimit:
    """`free` guesses, then 2, 4, 8… seconds between them, `longest` at most; a guess is forgotten
    after `window` seconds."""

    name: str
    free: int
    window: int
    longest: int


BY_ACCOUNT_AND_ADDRESS = GuessLimit("account-address", free=5, window=3600, longest=900)
BY_ACCOUNT = GuessLimit("account", free=20, window=3600, longest=30)
BY_ADDRESS = GuessLimit("address", free=100, window=600, longest=10)
BY_DEVICE = GuessLimit("device", free=10, window=3600, longest=60)
BY_AUTHENTICATOR_CODE = GuessLimit("authenticator-code", free=5, window=3600, longest=300)
BY_RECOVERY_CODE = GuessLimit("recovery-code", free=5, window=3600, longest=300)


class TooManyGuesses(Exception):
    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    @property
    def sentence(self) -> str:
        wait = wait_in_words(self.seconds)
        return _("Too many wrong tries. Try again in %(wait)s.") % {"wait": wait}


def wait_in_words(seconds: int) -> str:
    if seconds < 100:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


@dataclass
class Guess:
    """Counts as wrong until it is `forgive`n."""

    counters: list[str] = field(default_factory=list)
    gates: list[str] = field(default_factory=list)

    def forgive(self) -> None:
        for counter in self.counters:
            _add(counter, -1)
        cache.delete_many(self.gates)


def begin_guess(limits: Sequence[tuple[GuessLimit, str]]) -> Guess:
    """Counts one guess by each limit and its key, before it is checked, so that guesses made at
    once are counted too. Raises TooManyGuesses; a guess refused so counts nowhere."""
    guess = Guess()
    if not settings.THROTTLING:
        return guess
    for limit, key in limits:
        wait = _count(guess, limit, key)
        if wait:
            guess.forgive()
            raise TooManyGuesses(wait)
    return guess


def forget_guesses(limits: Sequence[tuple[GuessLimit, str]]) -> None:
    counters = [_counter(limit, key) for limit, key in limits]
    cache.delete_many([*counters, *map(_gate, counters)])


def _count(guess: Guess, limit: GuessLimit, key: str) -> int:
    """0, or the seconds for which no guess is taken."""
    counter = _counter(limit, key)
    gate = _gate(counter)
    now = time.time()
    open_at: float = cache.get(gate, 0)
    if open_at > now:
        return math.ceil(open_at - now)
    cache.add(counter, 0, limit.window)
    guesses = _add(counter, 1)
    guess.counters.append(counter)
    if guesses >= limit.free:
        delay = min(limit.longest, 2 ** min(guesses - limit.free + 1, 16))
        if not cache.add(gate, now + delay, delay):
            return int(delay)  # another guess at the same moment took this turn
        guess.gates.append(gate)
    return 0


def _add(counter: str, change: int) -> int:
    try:
        changed: int = cache.incr(counter, change)
    except ValueError:  # forgotten meanwhile
        return 1
    return changed


def _counter(limit: GuessLimit, key: str) -> str:
    return f"guess:{limit.name}:{sha256(key.encode()).hexdigest()}"


def _gate(counter: str) -> str:
    return f"{counter}:gate"
