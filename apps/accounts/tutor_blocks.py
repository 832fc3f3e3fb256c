"""Students block a tutor's invitations: they are neither listed nor mailed any more.

The tutor's own responses stay the same. Joining one of the tutor's classrooms ends the block.
"""

from django.db.models import QuerySet

from apps.accounts.models import TutorBlock, User
from apps.common.security_log import log_security_event


def block_tutor(*, student: User, tutor: User) -> None:
    TutorBlock.objects.get_or_create(student=student, tutor=tutor)
    log_security_event("tutor_blocked", user_id=student.pk, tutor=tutor.pk)


def unblock_tutor(*, student: User, tutor_id: int) -> bool:
    """Return whether the tutor was blocked."""
    deleted, _each = TutorBlock.objects.filter(student=student, tutor=tutor_id).delete()
    if deleted:
        log_security_event("tutor_unblocked", user_id=student.pk, tutor=tutor_id)
    return bool(deleted)


def list_tutor_blocks(student: User) -> "QuerySet[TutorBlock]":
    """The student's blocks with their tutors, the latest first."""
    blocks = TutorBlock.objects.filter(student=student).select_related("tutor")
    return blocks.order_by("-created_at", "-pk")


def blocked_tutors(student: User) -> "QuerySet[TutorBlock, int]":
    return TutorBlock.objects.filter(student=student).values_list("tutor", flat=True)


def is_blocked_by_owner(tutor: User, email: str) -> bool:
    """Whether somebody who has confirmed this address has blocked the tutor."""
    addresses = {"student__emailaddress__email": email, "student__emailaddress__verified": True}
    return TutorBlock.objects.filter(tutor=tutor, **addresses).exists()
