"""Password hashing, bounded: it takes most of a second of a processor, whoever asks for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils.translation import gettext as _

from apps.common.errors import DomainError, throttled

AT_ONCE = 2
LONGEST_WAIT = 2.0  # seconds, in which the caller occupies a thread
_slots = threading.BoundedSemaphore(AT_ONCE)


def passwords_busy() -> DomainError:
    return throttled(2, _("Many people are signing in right now. Try again in a few seconds."))


@contextmanager
def hashing_slot() -> Iterator[None]:
    if not _slots.acquire(timeout=LONGEST_WAIT):
        raise passwords_busy()
    try:
        yield
    finally:
        _slots.release()


class BoundedPBKDF2PasswordHasher(PBKDF2PasswordHasher):
    """Django's own, which makes and checks every hash in `encode`; at most AT_ONCE of them run."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with hashing_slot():
            return super().encode(password, salt, iterations)
