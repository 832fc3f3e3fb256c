from apps.common.models.daily_limit import DailyLimit
from apps.common.models.error_count import ErrorCount
from apps.common.models.installation import Installation
from apps.common.models.mail_message import MailMessage
from apps.common.models.outgoing_mail import OutgoingMail
from apps.common.models.periodic_job import PeriodicJob
from apps.common.models.removal import Removal

__all__ = [
    "DailyLimit",
    "ErrorCount",
    "Installation",
    "MailMessage",
    "OutgoingMail",
    "PeriodicJob",
    "Removal",
]
