"""How many mails an address gets a day that anybody can have sent by typing it."""

import hashlib
import hmac

from django.conf import settings
from django.utils import timezone

from apps.common.keys import derive_key
from apps.common.models import DailyLimit
from apps.common.text import mailbox

# Of those that only say that somebody typed the address few, so that no owner needs more.
MAX_A_DAY = {"unknown_account": 3, "account_already_exists": 3, "password_reset_key": 30}


def may_mail_account(template_prefix: str, email: str) -> bool:
    """Takes one mail of what this mailbox may get; what is not limited is always allowed."""
    kind = template_prefix.rpartition("/")[2]
    limit = MAX_A_DAY.get(kind)
    if limit is None or not settings.THROTTLING:
        return True
    key = derive_key(settings.SECRET_KEY, "account-mail-limits").encode()
    digest = hmac.new(key, mailbox(email).encode(), hashlib.sha256).hexdigest()
    return DailyLimit.take(f"{kind}:{digest}", limit, timezone.now())
