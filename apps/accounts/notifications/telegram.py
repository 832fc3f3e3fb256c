"""The Bot API of Telegram: messages to linked chats, and the commands that link and unlink them."""

import json
import threading
import time
from datetime import timedelta
from typing import Any

from django.conf import settings

from apps.accounts.notifications.push import Outcome, Result
from apps.common.outgoing_http import (
    ForbiddenAddressError,
    NoAnswerError,
    UnreachableError,
    post,
)

_MAX_RETRY_AFTER = 3600  # seconds
# Of 100 updates, each a message of 4,096 characters, escaped, that quotes another such message. One
# that is cut off cannot be read, and would come again for ever.
_MAX_ANSWER = 16 * 1024 * 1024  # bytes
UNREACHABLE, NO_ANSWER = 0, -1  # instead of a status


class _Pace:
    """Lets the threads of this process send no faster than Telegram allows in all."""

    def __init__(self, per_second: int) -> None:
        self._interval = 1 / per_second
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + self._interval
        time.sleep(at - now)


_pace = _Pace(per_second=25)


class BotError(Exception):
    """The Bot API refused a call, or could not be reached."""

    def __init__(self, status: int, retry_after: int = 0) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status  # of HTTP, or UNREACHABLE or NO_ANSWER
        self.retry_after = retry_after  # seconds


def call(method: str, **parameters: Any) -> Any:
    """Call a method of the Bot API and return its result. Raises BotError."""
    url = f"{settings.TELEGRAM_API_URL}/bot{settings.TELEGRAM_BOT_TOKEN}/{method}"
    body = json.dumps(parameters).encode()
    try:
        # The operator has named the address, so that it may be in the own network.
        json_type = {"Content-Type": "application/json"}
        answer = post(url, body, json_type, allow_private=True, max_answer=_MAX_ANSWER)
        data = json.loads(answer.body)
    except NoAnswerError as exc:
        raise BotError(NO_ANSWER) from exc
    except (UnreachableError, ForbiddenAddressError) as exc:
        raise BotError(UNREACHABLE) from exc  # the URL has the token, so that it is in no message
    except ValueError as exc:
        raise BotError(answer.status) from exc
    if not isinstance(data, dict) or not data.get("ok"):
        raise BotError(answer.status, _retry_after(data))
    return data.get("result")


def send_text(chat_id: int, text: str) -> Outcome:
    """Send plain text; failures are results, not exceptions."""
    _pace.wait()
    try:
        call("sendMessage", chat_id=chat_id, text=text, link_preview_options={"is_disabled": True})
    except BotError as exc:
        return _outcome(exc)
    return Outcome(Result.SENT)


def _outcome(exc: BotError) -> Outcome:
    if exc.status == 403:  # the person blocked the bot, or closed the account
        return Outcome(Result.GONE, str(exc))
    if exc.status == NO_ANSWER:  # a second message would be shown, too
        return Outcome(Result.UNCERTAIN, str(exc))
    if exc.status == 429 or exc.status >= 500 or exc.status == UNREACHABLE:
        wait = timedelta(seconds=exc.retry_after) if exc.retry_after else None
        return Outcome(Result.FAILED, str(exc), wait)
    return Outcome(Result.REFUSED, str(exc))


def _retry_after(data: Any) -> int:
    parameters = data.get("parameters") if isinstance(data, dict) else None
    found = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return min(found, _MAX_RETRY_AFTER) if isinstance(found, int) and found > 0 else 0
