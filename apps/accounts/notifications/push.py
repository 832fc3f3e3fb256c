"""Web push: encrypted messages (RFC 8291) to the push service that a browser has named."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from apps.accounts.models import PushSubscription
from apps.accounts.notifications.vapid import authorization, decode_base64
from apps.common.outgoing_http import ForbiddenAddressError, UnreachableError, post

MAX_TTL = timedelta(days=14)
_MAX_RETRY_AFTER = 3600  # seconds
log = logging.getLogger("kreida.push")


class Result(Enum):
    SENT = "sent"
    GONE = "gone"  # the browser has unsubscribed
    REFUSED = "refused"  # this message can never be sent
    UNCERTAIN = "uncertain"  # it may have arrived, and must not arrive twice
    FAILED = "failed"  # the service is down or busy: try again


@dataclass(frozen=True)
class Outcome:
    result: Result
    reason: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class PushMessage:
    """A notification of the browser. Others can read a lock screen, so it names no people."""

    title: str
    body: str
    url: str  # a path
    tag: str  # a second message with the same tag replaces the first one
    expires_at: datetime


def send(subscription: PushSubscription, message: PushMessage, now: datetime) -> Outcome:
    """Send one message; failures are results, not exceptions."""
    try:
        answer = post(
            subscription.endpoint,
            encrypt(subscription, message),
            {
                "Authorization": authorization(subscription.endpoint),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(_seconds(message.expires_at - now)),
                "Urgency": "high",
                "Topic": message.tag,
            },
            allow_private=settings.PUSH_SERVICES == "any",
        )
    except ForbiddenAddressError as exc:
        return Outcome(Result.REFUSED, str(exc))
    except UnreachableError as exc:
        return Outcome(Result.FAILED, str(exc))
    except ValueError:  # keys that passed the checks and are not on the curve
        return Outcome(Result.REFUSED, "keys")
    return _outcome(answer.status, answer.headers.get("retry-after", ""))


def _seconds(time_to_live: timedelta) -> int:
    """How long the service keeps the message for a browser that is offline."""
    return int(max(timedelta(), min(time_to_live, MAX_TTL)).total_seconds())


def encrypt(subscription: PushSubscription, message: PushMessage) -> bytes:
    payload = {"title": message.title, "body": message.body, "url": message.url, "tag": message.tag}
    content: bytes = http_ece.encrypt(
        json.dumps(payload, ensure_ascii=False).encode(),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=decode_base64(subscription.p256dh),
        auth_secret=decode_base64(subscription.auth),
        version="aes128gcm",
    )
    return content


def _outcome(status: int, retry_after: str) -> Outcome:
    reason = f"HTTP {status}"
    if 200 <= status < 300:
        return Outcome(Result.SENT)
    if status in (404, 410):
        return Outcome(Result.GONE, reason)
    if status == 429 or status >= 500:
        seconds = int(retry_after) if retry_after.isdecimal() and len(retry_after) < 9 else 0
        wait = timedelta(seconds=min(seconds, _MAX_RETRY_AFTER)) if seconds else None
        return Outcome(Result.FAILED, reason, wait)
    return Outcome(Result.REFUSED, reason)  # also a redirect
