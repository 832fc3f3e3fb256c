"""Mails a request for payment to the payer, or to the student who pays."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.accounts.models import User
from apps.billing.models import PaymentRequest
from apps.billing.payments.requests import payment_url
from apps.common import mail
from apps.common.errors import forbidden, throttled
from apps.common.models import DailyLimit

MAILS_PER_DAY = 100
LIFETIME = timedelta(days=3)


def may_mail(request: PaymentRequest) -> bool:
    is_open = request.status == PaymentRequest.Status.OPEN
    return bool(settings.EMAIL_URL and is_open and _address(request))


def mail_request(*, request: PaymentRequest, tutor: User, now: datetime) -> None:
    """At most once a day for a request. Raises `forbidden`, or `throttled` over a limit."""
    if not may_mail(request):
        raise forbidden()
    name = f"payment-mail:{tutor.pk}"
    if not DailyLimit.use(name, MAILS_PER_DAY, now):
        sentence = _("You have reached today’s limit of mails. Send the link yourself.")
        raise throttled(DailyLimit.retry_after(name, now), sentence)
    values = {"tutor": tutor.get_full_name(), "url": payment_url(request)}
    with override(tutor.locale):
        subject = _("Payment request from %(tutor)s") % values
        text = (
            _(
                "Hello,\n\n%(tutor)s asks for payment of lessons. Amount, bank details and a QR "
                "code for your bank’s app are on this page:\n\n%(url)s"
            )
            % values
        )
    transaction.on_commit(
        lambda: mail.send(
            to=_address(request),
            subject=subject,
            text=text,
            dedupe_key=f"payment-request-{request.pk}-{now:%Y-%m-%d}",
            expires_at=now + LIFETIME,
        )
    )


def _address(request: PaymentRequest) -> str:
    """The payer's; a student's account is only mailed what their own settings allow."""
    return request.payer.email if request.payer else ""
