"""Daily limits on account mails that a stranger can trigger by typing somebody's address."""

import hashlib
import hmac

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.devices import get_known_device_id
from apps.accounts.models import User
from apps.common.addresses import address_key, client_address
from apps.common.keys import derive_key
from apps.common.models import DailyLimit
from apps.common.text import strip_subaddress

# Mails a day to one mailbox, by allauth's template. Owners rarely need those that only report
# that somebody typed their address, so few of these are sent.
DAILY_LIMITS = {
    "unknown_account": 3,
    "account_already_exists": 3,
    "password_reset_key": 30,
    "email_confirmation": 20,
    "email_confirmation_signup": 20,
}
# Resets a day requested from one network, or from one known device of the account. Resets from
# known devices do not count against DAILY_LIMITS, so strangers cannot use up the owner's.
MAX_RESETS_PER_REQUESTER = 10


# Both answer a reset request and are counted alike, so that the work done for it does not tell
# whether the address has an account.
RESET_KINDS = {"password_reset_key", "unknown_account"}


def consume_account_mail(
    template_prefix: str, email: str, request: HttpRequest, user: User | None
) -> bool:
    """Count one mail to this mailbox; False if it is over a limit, True for kinds without one."""
    kind = template_prefix.rpartition("/")[2]
    limit = DAILY_LIMITS.get(kind)
    if limit is None or not settings.THROTTLING:
        return True
    if kind in RESET_KINDS:
        device_id = get_known_device_id(request, user.pk) if user else None
        requester = f"device {device_id}" if device_id else address_key(client_address(request))
        if not _consume(kind, f"{strip_subaddress(email)} {requester}", MAX_RESETS_PER_REQUESTER):
            return False
        if device_id:
            return True
    return _consume(kind, strip_subaddress(email), limit)


def _consume(kind: str, key: str, limit: int) -> bool:
    secret = derive_key(settings.SECRET_KEY, "account-mail-limits").encode()
    digest = hmac.new(secret, key.encode(), hashlib.sha256).hexdigest()
    return DailyLimit.use(f"{kind}:{digest}", limit, timezone.now())
