"""A password hasher that limits concurrent hashing, since each hash takes most of a CPU second."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils.translation import gettext as _

from apps.common.errors import DomainError, throttled

MAX_CONCURRENT_HASHES = 2
MAX_WAIT = 2.0  # seconds; the caller holds a thread meanwhile
_slots = threading.BoundedSemaphore(MAX_CONCURRENT_HASHES)


def hashing_busy_error() -> DomainError:
    return throttled(2, _("Many people are signing in right now. Try again in a few seconds."))


@contextmanager
def acquire_hashing_slot() -> Iterator[None]:
    if not _slots.acquire(timeout=MAX_WAIT):
        raise hashing_busy_error()
    try:
        yield
    finally:
        _slots.release()


class BoundedPBKDF2PasswordHasher(PBKDF2PasswordHasher):
    """Limits `encode`, which Django calls to make and to check a hash, to
    MAX_CONCURRENT_HASHES at a time."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with acquire_hashing_slot():
            return super().encode(password, salt, iterations)
