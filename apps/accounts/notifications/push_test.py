"""A test message to a browser, sent by a thread of its own: the push service may be slow."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

from django.db import connections
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound

from apps.accounts.models import PushSubscription, User
from apps.accounts.notifications.push import PushMessage, Result, send
from apps.accounts.notifications.subscriptions import find_subscription

_pool = ThreadPoolExecutor(2, thread_name_prefix="push-test")
log = logging.getLogger("kreida.push")


def start(user: User, session_key: str) -> "Future[None]":
    """Raises NotFound if the session has no subscription."""
    subscription = find_subscription(user, session_key)
    if subscription is None:
        raise NotFound
    with translation.override(user.locale):
        message = PushMessage(
            title=_("Notifications work"),
            body=_("Reminders of lessons look like this."),
            url="/settings/notifications/",
            tag="test",
            expires_at=timezone.now() + timedelta(minutes=5),
        )
    return _pool.submit(_send, subscription, message)


def _send(subscription: PushSubscription, message: PushMessage) -> None:
    try:
        outcome = send(subscription, message, timezone.now())
        if outcome.result is Result.GONE:
            PushSubscription.objects.filter(pk=subscription.pk).delete()
        if outcome.result is not Result.SENT:
            log.warning("a test message was not sent", extra={"data": {"reason": outcome.reason}})
    finally:
        connections.close_all()
