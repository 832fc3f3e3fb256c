"""The environment variables of a benchmark and of the servers it starts."""

import os
import secrets

# Settings that a benchmark leaves at their defaults.
UNSET = (
    *("REDIS_URL", "PUBLIC_URL", "EMAIL_URL", "TURN_URLS", "TURN_SECRET", "PORT"),
    *("ALLOWED_HOSTS", "TRUSTED_PROXIES", "HSTS", "STORAGE_QUOTA_MB", "SIGN_UP"),
    *("SCHOOL_NAME", "LOGO_FILE", "PRIVACY_FILE", "BACKUP_DIR"),
    *("EXTERNAL_CALENDARS", "PUSH_SERVICES", "TELEGRAM_BOT_TOKEN", "TELEGRAM_API_URL"),
    *("KEEP_CHAT_DAYS", "KEEP_VERSIONS_DAYS"),
    *("METRICS_TOKEN", "MONOBANK_TOKEN", "MONOBANK_API_URL"),
)


def set_environment(folder: str, *, settings: str, database_url: str) -> None:
    """Use production settings without throttling; nothing is taken from the caller's shell."""
    for name in UNSET:
        os.environ.pop(name, None)
    os.environ.update(
        DJANGO_SETTINGS_MODULE=settings,
        DATA_DIR=folder,
        SECRET_KEY=secrets.token_urlsafe(64),
        THROTTLING="off",
        DATABASE_URL=database_url,
    )
