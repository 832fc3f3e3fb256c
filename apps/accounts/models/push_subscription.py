"""A browser that shows notifications (Push API); it lives as long as the session that made it."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from apps.accounts.models.user import User

MAX_ENDPOINT = 1000  # characters of the push service's URL


class PushSubscriptionQuerySet(models.QuerySet["PushSubscription"]):
    def with_session(self, now: datetime) -> "PushSubscriptionQuerySet":
        """Those whose session has not ended; `is_usable` also compares the password."""
        session = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now)
        return self.filter(Exists(session), user__is_active=True)


class PushSubscription(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_subscriptions"
    )
    # Not a foreign key: sessions are deleted by processes of the previous release, too.
    session_key = models.CharField(max_length=40, db_index=True)
    password_digest = models.CharField(
        max_length=16, help_text="Differs from the account's once the password has changed."
    )
    endpoint = models.URLField(max_length=MAX_ENDPOINT)
    p256dh = models.CharField(max_length=88, help_text="The browser's public key (RFC 8291).")
    auth = models.CharField(max_length=24, help_text="The browser's secret (RFC 8291).")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PushSubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("push subscription")
        verbose_name_plural = _("push subscriptions")
        ordering = ("id",)
        constraints = (models.UniqueConstraint(name="push_endpoint_once", fields=["endpoint"]),)

    def __str__(self) -> str:
        return f"push subscription {self.pk} of {self.user_id}"

    @property
    def is_usable(self) -> bool:
        """Whether the password is still the one of the session; needs `user`."""
        return self.password_digest == password_digest(self.user)


def password_digest(user: "User") -> str:
    """Shorten the hash by which Django ends an account's sessions when its password changes."""
    return user.get_session_auth_hash()[:16]
