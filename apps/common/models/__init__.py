from apps.common.models.outgoing_mail import OutgoingMail
from apps.common.models.periodic_job import PeriodicJob

__all__ = ["OutgoingMail", "PeriodicJob"]
