"""What servers differ in, read from the environment. What is wrong there fails in a sentence."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()  # type: ignore[no-untyped-call]
BASE_DIR = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    path = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def secret_key(folder: Path) -> str:
    """SECRET_KEY, or one made at the first start and kept in the data folder."""
    key = env.str("SECRET_KEY", default="")
    if key:
        if len(key) < 50 or len(set(key)) < 5:
            raise ImproperlyConfigured("SECRET_KEY must be at least 50 characters of random text.")
        return key
    file = folder / "secret_key"
    try:
        with file.open("x") as new:
            file.chmod(0o600)
            new.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return file.read_text()


def public_url(port: int) -> str:
    url = env.str("PUBLIC_URL", default=f"http://127.0.0.1:{port}").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        raise ImproperlyConfigured("PUBLIC_URL must look like https://kreida.example (no path).")
    return url


def database(folder: Path) -> dict[str, object]:
    found = env.db("DATABASE_URL", default=f"sqlite:///{folder / 'kreida.sqlite3'}")
    engine = found["ENGINE"].rpartition(".")[2]
    found["CONN_MAX_AGE"] = 60
    if engine == "sqlite3":
        found["ENGINE"] = "apps.common.sqlite3"
        # IMMEDIATE takes the write lock before the first read of a transaction, so that
        # read-then-write in one transaction cannot interleave with another's.
        found["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
    elif engine == "postgresql":
        options = {
            # Statements that repeat are parsed and planned once a connection (docs/performance.md).
            "server_side_binding": True,
            "prepare_threshold": 5,
            # A server that hangs costs a thread this long, then the request gets a 503.
            "connect_timeout": 3,
            "tcp_user_timeout": 10_000,
            "options": "-c statement_timeout=15s -c lock_timeout=5s"
            " -c idle_in_transaction_session_timeout=60s",
        }
        found.update(CONN_HEALTH_CHECKS=True, OPTIONS=options)
    else:
        raise ImproperlyConfigured("DATABASE_URL must be a sqlite:// or postgres:// address.")
    return found
