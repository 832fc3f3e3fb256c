"""How many mails an address gets a day that anybody can have sent by typing it."""

import hashlib
import hmac

from allauth.core.internal.ratelimit import truncate_ip
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.devices import known_device
from apps.accounts.models import User
from apps.common.addresses import client_address
from apps.common.keys import derive_key
from apps.common.models import DailyLimit
from apps.common.text import strip_subaddress

# Of those that only say that somebody typed the address few, so that no owner needs more.
MAX_A_DAY = {"unknown_account": 3, "account_already_exists": 3, "password_reset_key": 30}
# Of one network, or of one device on which the account has signed in. Strangers use up the former
# and at worst the day's, of which known devices take none.
MAX_RESETS_OF_ONE = 10


def may_mail_account(
    template_prefix: str, email: str, request: HttpRequest, user: User | None
) -> bool:
    """Count one mail to this mailbox; False if it is over a limit, True for kinds without one."""
    kind = template_prefix.rpartition("/")[2]
    limit = MAX_A_DAY.get(kind)
    if limit is None or not settings.THROTTLING:
        return True
    if kind == "password_reset_key":
        device = known_device(request, user.pk) if user else None
        asker = f"device {device}" if device else truncate_ip(client_address(request))
        if not _take(kind, f"{strip_subaddress(email)} {asker}", MAX_RESETS_OF_ONE):
            return False
        if device:
            return True
    return _take(kind, strip_subaddress(email), limit)


def _take(kind: str, key: str, limit: int) -> bool:
    secret = derive_key(settings.SECRET_KEY, "account-mail-limits").encode()
    digest = hmac.new(secret, key.encode(), hashlib.sha256).hexdigest()
    return DailyLimit.take(f"{kind}:{digest}", limit, timezone.now())
