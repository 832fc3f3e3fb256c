"""Settings read from environment variables.

An invalid value raises ImproperlyConfigured with one sentence that names the variable.
"""

import difflib
import ipaddress
import os
import re
import secrets
import tempfile
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import environ
import idna
from django.core.exceptions import ImproperlyConfigured
from django.http.request import split_domain_port
from redis import ConnectionPool

BASE_DIR = Path(__file__).resolve().parent.parent
MIN_KEY_LENGTH = 50
_TURN = re.compile(r"^turns?:([^\s:?/@]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?(\?transport=(udp|tcp))?$")
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
    return [item for part in text(name).split(",") if (item := part.strip())]


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


def trusted_proxies(public: str) -> list[str]:
    """Read the networks of the proxies. By default those of this machine, or none if PUBLIC_URL is
    a loopback address, because clients then connect without a proxy."""
    default = [] if is_loopback(str(urlsplit(public).hostname)) else ["127.0.0.0/8", "::1/128"]
    try:
        return [
            str(ipaddress.ip_network(network)) for network in items("TRUSTED_PROXIES") or default
        ]
    except ValueError as exc:
        raise setting_error(
            "TRUSTED_PROXIES", f"networks like 127.0.0.0/8, ::1/128 ({exc})"
        ) from exc


def check_misspelt_names() -> None:
    """Raise for a variable whose name is close to, but not equal to, that of a setting."""
    for name in os.environ:
        if name in _known or len(name) < 6:
            continue
        for known in difflib.get_close_matches(name.upper(), _known, n=1, cutoff=0.85):
            raise ImproperlyConfigured(f"{name} is not a setting. Did you mean {known}?")


def data_dir() -> Path:
    """Return the data folder, created if missing, without access for other users."""
    value = text("DATA_DIR", str(BASE_DIR / "var"))
    path = Path(value).expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.stat().st_uid == os.geteuid():
            path.chmod(0o700)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as exc:
        expected = f"a folder that this user can write to ({exc.strerror})"
        raise setting_error("DATA_DIR", expected, value) from exc
    return path


def secret_key(folder: Path) -> str:
    """Return SECRET_KEY, or a key generated at the first start and stored in the data folder."""
    key = text("SECRET_KEY")
    if key:
        if not _is_strong(key):
            raise setting_error(
                "SECRET_KEY", f"at least {MIN_KEY_LENGTH} characters of random text"
            )
        return key
    file = folder / "secret_key"
    try:
        if not file.exists():
            _create_file(file, secrets.token_urlsafe(64))
        key = file.read_text(errors="replace").strip()
    except OSError as exc:
        raise ImproperlyConfigured(
            f"The key in {file} cannot be read or written: {exc.strerror}."
        ) from exc
    if not _is_strong(key):
        raise ImproperlyConfigured(
            f"The key in {file} is empty or cut off. Restore it from a backup, or delete the file: "
            "a new one is made, everybody signs in again, and invite links stop working."
        )
    return key


def _is_strong(key: str) -> bool:
    return len(key) >= MIN_KEY_LENGTH and len(set(key)) >= 5


def _create_file(file: Path, content: str) -> None:
    """Create the file atomically and durably; an existing file is kept."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}-") as new:
        new.write(content)
        new.flush()
        os.fsync(new.fileno())
        try:
            os.link(new.name, file)
        except FileExistsError:
            return
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def public_url(port: int) -> str:
    """Return the origin (scheme, host and port) as browsers send it."""
    name, expected = "PUBLIC_URL", "like https://kreida.example (scheme and host, no path)"
    value = text(name, f"http://127.0.0.1:{port}").rstrip("/")
    parts = _split_url(name, expected, value)
    rest = (parts.path, parts.query, parts.fragment, parts.username, parts.password)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(rest) or parts.port == 0:
        raise setting_error(name, expected, value)
    host = _canonical_host(name, parts.hostname)
    if _is_unusable_address(host):
        raise setting_error(name, f"{expected}, the name or address that people open", value)
    default = {"http": 80, "https": 443}[parts.scheme]
    suffix = f":{parts.port}" if parts.port not in (None, default) else ""
    return f"{parts.scheme}://{host}{suffix}"


def allowed_hosts(public: str) -> list[str]:
    """Return the hosts of PUBLIC_URL and ALLOWED_HOSTS, all loopback names if PUBLIC_URL is one,
    and the host of Django's test client if PUBLIC_URL is not set."""
    host = _canonical_host("PUBLIC_URL", str(urlsplit(public).hostname))
    hosts = [host]
    if is_loopback(host):
        hosts += ["127.0.0.1", "localhost", "[::1]"]
    if not text("PUBLIC_URL"):
        hosts.append("testserver")
    hosts += [_canonical_host("ALLOWED_HOSTS", item) for item in items("ALLOWED_HOSTS")]
    return list(dict.fromkeys(hosts))


def is_loopback(host: str) -> bool:
    return host in ("localhost", "::1", "[::1]") or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def _is_unusable_address(host: str) -> bool:
    """Return True for addresses that clients cannot connect to, such as 0.0.0.0 and multicast."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_unspecified or address.is_multicast or host == "255.255.255.255"


def _canonical_host(name: str, value: str) -> str:
    """Return a host as browsers send it: lower case, international names in Punycode (RFC 5891)."""
    expected = "a host name without scheme, port, path or wildcard"
    try:
        if ":" in value:
            if "%" in value:  # browsers do not support zone ids
                raise ValueError(value)
            return f"[{ipaddress.IPv6Address(value.strip('[]'))}]"
        host = value.lower() if value.isascii() else idna.encode(value, uts46=True).decode()
    except ValueError as exc:
        raise setting_error(name, expected, value) from exc
    domain, _port = split_domain_port(host)
    labels = host.split(".")
    if not domain or host.startswith("-") or not all(0 < len(label) < 64 for label in labels):
        raise setting_error(name, expected, value)
    # Browsers treat a host whose last label is a number as an IPv4 address.
    if re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]) and not _is_ipv4(host):
        raise setting_error(name, f"{expected}, or a whole IP address", value)
    return host


def _is_ipv4(host: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(host))
    except ValueError:
        return False


def _split_url(name: str, expected: str, value: str) -> SplitResult:
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


def database(folder: Path) -> dict[str, object]:
    """Return Django's settings of the database. Errors never repeat the value with its password."""
    value = text("DATABASE_URL")
    if not value:
        return _sqlite((folder / "kreida.sqlite3").resolve())
    expected = "like postgres://user:password@host:5432/name or sqlite:////folder/file.sqlite3"
    parts = _split_url("DATABASE_URL", expected, value)
    if parts.fragment or parts.scheme not in ("sqlite", "postgres", "postgresql"):
        hint = " (write # ? and / in a password as %23 %3F and %2F)"
        raise setting_error("DATABASE_URL", expected + hint)
    if parts.scheme == "sqlite":
        return _sqlite(_sqlite_file(parts, expected))
    config: dict[str, object] = environ.Env.db_url_config(value)  # type: ignore[no-untyped-call]
    if not config.get("NAME"):
        raise setting_error("DATABASE_URL", f"{expected}, with the name of a database")
    _check_database_options(dict(parse_qsl(parts.query, keep_blank_values=True)))
    return _postgresql(config)


def _sqlite_file(parts: SplitResult, expected: str) -> Path:
    """Return the file without symbolic links, so that every process uses the same lock file."""
    path = unquote(parts.path).removeprefix("/")
    if parts.netloc or not path.startswith("/") or "\0" in path:
        raise setting_error("DATABASE_URL", f"{expected}, with the absolute path of a file")
    if parts.query:
        raise setting_error("DATABASE_URL", f"{expected}; SQLite takes no options")
    try:
        file = Path(path).resolve()
        is_usable = file.parent.is_dir() and not file.is_dir()
    except (OSError, RuntimeError):  # a path too long, a circle of symbolic links
        is_usable = False
    if not is_usable:
        raise setting_error("DATABASE_URL", "a file in a folder that exists")
    return file


def _sqlite(file: Path) -> dict[str, object]:
    return {
        "ENGINE": "apps.common.sqlite3",
        "NAME": str(file),
        "CONN_MAX_AGE": 60,
        # IMMEDIATE acquires the write lock before the first read of a transaction, so that
        # read-then-write in one transaction cannot interleave with another's.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def _postgresql(config: dict[str, object]) -> dict[str, object]:
    options = {
        # Repeated statements are parsed and planned once per connection (docs/performance.md).
        "server_side_binding": True,
        "prepare_threshold": 5,
        # A server that hangs blocks a thread for this long, then the request gets a 503.
        "connect_timeout": 3,
        "tcp_user_timeout": 10_000,
        # Longer than statement_timeout, so that it only applies if the server hangs.
        "answer_timeout": 20,
        "options": "-c statement_timeout=15s -c lock_timeout=5s"
        " -c idle_in_transaction_session_timeout=60s",
    }
    given: Any = config.get("OPTIONS", {})
    if "options" in given:  # the last value of a setting wins
        given["options"] = f"{options['options']} {given['options']}"
    options |= given
    config.update(
        ENGINE="apps.common.postgresql",
        CONN_MAX_AGE=60,
        CONN_HEALTH_CHECKS=True,
        OPTIONS=options,
    )
    return config


_PG_NUMBERS = (
    *("answer_timeout", "connect_timeout", "tcp_user_timeout"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
)
_TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_PG_CHOICES = {
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "load_balance_hosts": ("disable", "random"),
    "ssl_max_protocol_version": _TLS_VERSIONS,
    "ssl_min_protocol_version": _TLS_VERSIONS,
    "sslcertmode": ("disable", "allow", "require"),
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "target_session_attrs": (
        *("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    ),
}
_PG_TEXTS = (
    *("application_name", "assume_role", "gsslib", "host", "hostaddr", "krbsrvname", "options"),
    *("passfile", "require_auth", "requirepeer", "service", "sslcert", "sslcrl", "sslcrldir"),
    *("sslkey", "sslpassword", "sslrootcert", "sslsni"),
)


def _check_database_options(given: dict[str, str]) -> None:
    """Check the query of DATABASE_URL: useful options of libpq, and `answer_timeout` and
    `assume_role`."""
    for name, value in given.items():
        where = f"an address in which {name!r}"
        if name in _PG_CHOICES:
            if value not in _PG_CHOICES[name]:
                raise setting_error(
                    "DATABASE_URL", f"{where} is one of {', '.join(_PG_CHOICES[name])}"
                )
        elif name in _PG_NUMBERS:
            if not (value.isascii() and value.isdecimal()):
                raise setting_error("DATABASE_URL", f"{where} is a whole number")
        elif name not in _PG_TEXTS:
            known = sorted((*_PG_CHOICES, *_PG_NUMBERS, *_PG_TEXTS))
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}" if close else f"known are {', '.join(known)}"
            raise setting_error("DATABASE_URL", f"an address without the option {name!r} ({hint})")


def redis_url() -> str:
    expected = "like redis://:password@host:6379/0"
    value = text("REDIS_URL")
    parts = _split_url("REDIS_URL", expected, value)
    if not value:
        return ""
    number = parts.path.strip("/")
    is_network = parts.scheme in ("redis", "rediss") and parts.hostname
    if not (is_network or (parts.scheme == "unix" and parts.path)) or parts.fragment:
        raise setting_error("REDIS_URL", expected)
    if is_network and number and not number.isdecimal():
        raise setting_error("REDIS_URL", f"{expected}, with the number of a database at its end")
    try:
        pool = ConnectionPool.from_url(value)
        pool.connection_class(**pool.connection_kwargs)  # checks the options; does not connect
    except (TypeError, ValueError) as exc:
        raise setting_error("REDIS_URL", f"{expected}, with no options but redis-py's") from exc
    return value


def mail() -> dict[str, object]:
    """Return Django's EMAIL_… settings from EMAIL_URL; empty if it is not set."""
    value, expected = text("EMAIL_URL"), "like smtp+tls://user:password@host:587"
    if not value:
        return {}
    parts = _split_url("EMAIL_URL", expected, value)
    schemes = environ.Env.EMAIL_SCHEMES
    if parts.scheme not in schemes or parts.fragment:
        raise setting_error("EMAIL_URL", f"{expected} ({', '.join(schemes)})")
    if parts.scheme.startswith("smtp") and not parts.hostname:
        raise setting_error("EMAIL_URL", f"{expected}, with a host")
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
    if bool(urls) != bool(secret):
        raise ImproperlyConfigured("TURN_URLS and TURN_SECRET must be set together.")
    if secret and len(secret) < 16:
        raise setting_error("TURN_SECRET", "at least 16 characters, the same as coturn's")
    return urls, secret
