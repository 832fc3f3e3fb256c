"""Whether secrets can be guessed, and whether other users of the machine can read them."""

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings

from apps.operations.doctor.report import Result, failed, ok, warning
from config.hosts import is_loopback

CHECK = "secrets"
MIN_LENGTH, MIN_CHARACTERS = 16, 8
_EXAMPLES = ("change-me", "changeme", "password", "secret", "kreida", "another-", "characters")


def is_weak(secret: str) -> bool:
    """Whether a secret is short, repetitive or one of those that documents show."""
    text = secret.lower()
    if len(secret) < MIN_LENGTH or len(set(secret)) < MIN_CHARACTERS:
        return True
    return any(example in text for example in _EXAMPLES)


def check_secrets() -> list[Result]:
    found = [*_weak_secrets(), *_readable_files()]
    return found or [ok(CHECK, "long enough, and readable by this user only")]


def _weak_secrets() -> Iterator[Result]:
    hint = "Make a new one with `openssl rand -base64 48`."
    if is_weak(settings.SECRET_KEY):
        yield failed(CHECK, f"SECRET_KEY can be guessed. {hint} Everybody signs in again then.")
    if settings.TURN_SECRET and is_weak(settings.TURN_SECRET):
        yield failed(CHECK, f"TURN_SECRET can be guessed. {hint} coturn needs the same one.")
    if settings.METRICS_TOKEN and is_weak(settings.METRICS_TOKEN):
        yield failed(CHECK, f"METRICS_TOKEN can be guessed. {hint} Prometheus needs the same one.")
    if _is_open_database():
        yield warning(
            CHECK, "The password of DATABASE_URL, on another machine, is weak or missing."
        )
    redis = urlsplit(settings.REDIS_URL)
    password = unquote(redis.password or "")
    if redis.hostname and is_weak(password):
        is_near = is_loopback(redis.hostname)
        text = f"The password of REDIS_URL is {'weak' if password else 'missing'}."
        advice = "Set requirepass in /etc/redis/redis.conf and write it into REDIS_URL."
        yield (warning if is_near else failed)(CHECK, f"{text} {advice}")


def _is_open_database() -> bool:
    database = settings.DATABASES["default"]
    host = str(database.get("HOST") or "")
    is_remote = bool(host) and not host.startswith("/") and not is_loopback(host)
    return is_remote and is_weak(str(database.get("PASSWORD") or ""))


def _readable_files() -> Iterator[Result]:
    for name in ("secret_key", "vapid_key", "kreida.sqlite3"):
        path = Path(settings.DATA_DIR) / name
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield failed(CHECK, f"Other users can read {path}. Run `chmod 600 {path}`.")
