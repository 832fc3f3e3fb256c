"""The data folder, and the keys that are stored in it."""

import base64
import binascii
import os
import secrets
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.environment import BASE_DIR, setting_error, text

MIN_KEY_LENGTH = 50
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def data_dir() -> Path:
    """Return the data folder, created if missing, without access for other users."""
    value = text("DATA_DIR", str(_default_folder()))
    try:
        path = Path(value).expanduser().resolve()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.stat().st_uid == os.geteuid():
            path.chmod(0o700)
        with tempfile.TemporaryFile(dir=path):
            pass
    except (OSError, RuntimeError) as exc:  # RuntimeError: `~user` without such a user
        reason = exc.strerror if isinstance(exc, OSError) else exc
        expected = f"a folder that this user can write to ({reason})"
        raise setting_error("DATA_DIR", expected, value) from exc
    return path


def _default_folder() -> Path:
    """Return `var` of a checkout. An installed wheel has no folder that stays with an upgrade."""
    if (BASE_DIR / "manage.py").is_file():
        return BASE_DIR / "var"
    home = os.environ.get("XDG_DATA_HOME", "")
    return Path(home if home.startswith("/") else "~/.local/share") / "kreida"


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


def vapid_key(folder: Path) -> str:
    """Return the private key by which push services know this installation (RFC 8292), generated at
    the first start: the scalar of a P-256 key, in Base64 for URLs."""
    file = folder / "vapid_key"
    try:
        if not file.exists():
            scalar = secrets.randbelow(_P256_ORDER - 1) + 1
            _create_file(file, _encode(scalar.to_bytes(32, "big")))
        key = file.read_text(errors="replace").strip()
    except OSError as exc:
        raise ImproperlyConfigured(
            f"The key in {file} cannot be read or written: {exc.strerror}."
        ) from exc
    if not _is_scalar(key):
        raise ImproperlyConfigured(
            f"The key in {file} is empty or cut off. Restore it from a backup, or delete the file: "
            "a new one is made, and people have to turn notifications on again."
        )
    return key


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _is_scalar(key: str) -> bool:
    try:
        data = base64.b64decode(f"{key}=", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return False
    return len(data) == 32 and 0 < int.from_bytes(data, "big") < _P256_ORDER


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
