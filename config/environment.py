"""Readers of environment variables: the simple kinds, and the URLs of services.

An invalid value raises ImproperlyConfigured with one sentence that names the variable.
"""

import difflib
import ipaddress
import os
import re
import unicodedata
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError

from apps.common.text import MAX_NAME, clean_name

BASE_DIR = Path(__file__).resolve().parent.parent
_TURN = re.compile(
    r"^turns?:([^\s:?/@\[\]\"'<>\\;]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?(\?transport=(udp|tcp))?$"
)
MAX_FILE_TEXT = 1024 * 1024  # bytes
# Options of redis-py that say whom to connect to; time limits are the server's own.
_REDIS_OPTIONS = {
    *("username", "password", "db", "client_name", "protocol", "ssl_cert_reqs", "ssl_ca_certs"),
    *("ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname"),
}
# Nothing else in an environment begins so, as it may with DATABASE_, EMAIL_ or PUBLIC_.
_OWN_PREFIXES = (
    *(
        "ALLOWED_",
        "LOGO_",
        "MONOBANK_",
        "PRIVACY_",
        "SCHOOL_",
        "SIGN_",
        "STORAGE_",
        "TELEGRAM_",
        "THROTTL",
    ),
    *("TRUSTED_", "TURN_"),
)
_SHORT = 6  # characters; ratios of shorter names say nothing
_known: set[str] = set()


def setting_error(name: str, expected: str, value: str | None = None) -> ImproperlyConfigured:
    found = "" if value is None else f" It is {value!r}."
    return ImproperlyConfigured(f"{name} must be {expected}.{found}")


def text(name: str, default: str = "") -> str:
    """Read a variable without surrounding whitespace; an empty one counts as unset."""
    _known.add(name)
    value = os.environ.get(name, "").strip()
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise setting_error(name, "a single line without control characters")
    return value or default


def items(name: str) -> list[str]:
    """Read a comma-separated list."""
    value = text(name)
    found = [part.strip() for part in value.split(",")] if value else []
    if not all(found):  # a forgotten item, perhaps a variable that was empty
        raise setting_error(name, "a comma-separated list without empty parts", value)
    return found


def integer(name: str, default: int, *, low: int, high: int) -> int:
    value = text(name, str(default))
    if not (value.isascii() and value.isdecimal() and low <= int(value[:20]) <= high):
        raise setting_error(name, f"a whole number from {low} to {high}", value)
    return int(value)


def choice(name: str, choices: tuple[str, ...]) -> str:
    """Read one of `choices`; the first is the default."""
    value = text(name, choices[0])
    if value not in choices:
        raise setting_error(name, " or ".join(map(repr, choices)), value)
    return value


def file_text(name: str) -> str:
    """Read the text of the file that the variable names; "" if it is not set."""
    path = text(name)
    if not path:
        return ""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_FILE_TEXT + 1)
        if len(content) > MAX_FILE_TEXT:  # /dev/zero never ends
            raise ValueError(len(content))
        return content.decode().strip()
    except (OSError, ValueError) as exc:
        expected = "the path of a readable text file in UTF-8, of 1 MiB at most"
        raise setting_error(name, expected, path) from exc


def metrics_token() -> str:
    """Read the token that Prometheus sends; "" if it is not set."""
    value = text("METRICS_TOKEN")
    if value and not (len(value) >= 16 and value.isascii() and " " not in value):
        raise setting_error("METRICS_TOKEN", "at least 16 characters without spaces, of ASCII")
    return value


def shown_name(name: str) -> str:
    """Read a name that is shown to people; "" if it is not set."""
    value = text(name)
    try:
        return clean_name(value) if value else ""
    except ValidationError as exc:
        expected = f"visible characters of one line, {MAX_NAME} at most"
        raise setting_error(name, expected) from exc


def check_misspelt_names() -> None:
    """Raise for a variable whose name is close to, but not equal to, that of a setting."""
    slips = {slip: known for known in _known if len(known) < _SHORT for slip in _slips(known)}
    for name in os.environ:
        if name in _known:
            continue
        upper = name.upper()
        found = upper.removeprefix("KREIDA_")
        if found not in _known:
            cutoff = 0.7 if upper.startswith(_OWN_PREFIXES) else 0.85
            near = difflib.get_close_matches(upper, _known, n=1, cutoff=cutoff)
            found = slips.get(upper) or (near[0] if near and len(name) >= _SHORT else "")
        if found:
            raise ImproperlyConfigured(f"{name} is not a setting. Did you mean {found}?")


def _slips(name: str) -> set[str]:
    """A short name with a letter left out, typed twice or swapped with the next one. Changed
    letters make other words (POST, SORT), which an environment may well have."""
    left_out = {name[:i] + name[i + 1 :] for i in range(1, len(name))}
    twice = {name[:i] + name[i] + name[i:] for i in range(len(name))}
    swapped = {name[:i] + name[i + 1] + name[i] + name[i + 2 :] for i in range(len(name) - 1)}
    return (left_out | twice | swapped) - {name}


def split_url(name: str, expected: str, value: str) -> SplitResult:
    """Split a URL. Raises ImproperlyConfigured if it, or its port, cannot be parsed."""
    try:
        parts = urlsplit(value)
        _ = parts.hostname
        port = parts.port
    except ValueError as exc:
        raise setting_error(name, expected) from exc
    if port == 0:
        raise setting_error(name, f"{expected}, with a port from 1 to 65535")
    return parts


def redis_url() -> str:
    expected = "like redis://:password@host:6379/0"
    value = text("REDIS_URL")
    parts = split_url("REDIS_URL", expected, value)
    if not value:
        return ""
    number = parts.path.strip("/")
    is_network = parts.scheme in ("redis", "rediss") and parts.hostname
    if not (is_network or (parts.scheme == "unix" and parts.path)) or parts.fragment:
        raise setting_error("REDIS_URL", expected)
    if is_network and number and not number.isdecimal():
        raise setting_error("REDIS_URL", f"{expected}, with the number of a database at its end")
    from redis import ConnectionPool, RedisError  # noqa: PLC0415 -- 7 MB, only for this setting

    unknown = dict(parse_qsl(parts.query, keep_blank_values=True)).keys() - _REDIS_OPTIONS
    try:
        if unknown:
            raise ValueError(unknown)
        pool = ConnectionPool.from_url(value)
        pool.connection_class(**pool.connection_kwargs)  # checks the options; does not connect
    except (TypeError, ValueError, RedisError) as exc:
        hint = f"with valid options of {', '.join(sorted(_REDIS_OPTIONS))} only"
        raise setting_error("REDIS_URL", f"{expected}, {hint}") from exc
    return value


def mail() -> dict[str, object]:
    """Return Django's EMAIL_… settings from EMAIL_URL; empty if it is not set."""
    value, expected = text("EMAIL_URL"), "like smtp+tls://user:password@host:587"
    if not value:
        return {}
    parts = split_url("EMAIL_URL", expected, value)
    schemes = environ.Env.EMAIL_SCHEMES
    if parts.scheme not in schemes or parts.fragment:
        raise setting_error("EMAIL_URL", f"{expected} ({', '.join(schemes)})")
    if parts.scheme.startswith("smtp") and (
        parts.path.strip("/") or not re.fullmatch(r"[^\s/]+", parts.hostname or "")
    ):
        raise setting_error("EMAIL_URL", f"{expected}, with a host and no path")
    if parts.scheme == "filemail" and not parts.path.strip("/"):
        raise setting_error("EMAIL_URL", f"{expected}, or filemail:///folder")
    if parts.query:
        hint = "without options; smtp+tls:// and smtp+ssl:// say how it is encrypted"
        raise setting_error("EMAIL_URL", f"{expected}, {hint}")
    found: dict[str, object] = environ.Env.email_url_config(value)  # type: ignore[no-untyped-call]
    return found


def turn() -> tuple[list[str], str]:
    """Read TURN_URLS and TURN_SECRET, which must be set together."""
    urls, secret = items("TURN_URLS"), text("TURN_SECRET")
    for url in urls:
        found = _TURN.match(url)
        if not found or not 0 < int((found[2] or ":3478")[1:]) < 65536:
            raise setting_error(
                "TURN_URLS", "like turn:host:3478?transport=udp, comma separated", url
            )
        if not _is_reachable(found[1].strip("[]")):
            expected = "addresses that browsers can connect to from elsewhere"
            raise setting_error("TURN_URLS", expected, url)
    if bool(urls) != bool(secret):
        raise ImproperlyConfigured("TURN_URLS and TURN_SECRET must be set together.")
    if secret and len(secret) < 16:
        raise setting_error("TURN_SECRET", "at least 16 characters, the same as coturn's")
    return urls, secret


def _is_reachable(host: str) -> bool:
    """Whether a host is a name, or an address that other machines can connect to: for a link-local
    one they need a zone id, which no URL of a TURN server has."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ":" not in host
    return not (address.is_link_local or address.is_unspecified or address.is_multicast)


def telegram_token() -> str:
    """Read the token that Telegram's @BotFather gives a bot; "" if it is not set."""
    value = text("TELEGRAM_BOT_TOKEN")
    if value and not re.fullmatch(r"\d{3,20}:[A-Za-z0-9_-]{20,100}", value, re.ASCII):
        raise setting_error("TELEGRAM_BOT_TOKEN", "the token of a bot, like 123456789:AAF…")
    return value


def monobank_token() -> str:
    """Read the token of a merchant of monobank's acquiring; "" if it is not set."""
    value = text("MONOBANK_TOKEN")
    if value and not re.fullmatch(r"[A-Za-z0-9_-]{20,100}", value, re.ASCII):
        raise setting_error("MONOBANK_TOKEN", "the token of a merchant of monobank’s acquiring")
    return value


def api_url(name: str, default: str) -> str:
    """Read where an API is, without the slash at its end."""
    expected = f"like {default}"
    value = text(name, default).rstrip("/")
    parts = split_url(name, expected, value)
    is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
        raise setting_error(name, expected, value)
    return value
