"""A person's place in a classroom, from the invitation to the removal."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.classrooms.models.classroom import Classroom
from apps.common.text import words_in

if TYPE_CHECKING:
    from apps.accounts.models import User


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> "MembershipQuerySet":
        """Those that count for scheduling: in classrooms that are not archived."""
        return self.filter(
            role=Membership.Role.STUDENT,
            status=Membership.Status.ACTIVE,
            classroom__archived_at=None,
        )

    def taught_by(self, tutor: Any) -> "MembershipQuerySet":
        return self.filter(classroom__tutor=tutor)

    def of(self, student: "User") -> "MembershipQuerySet":
        """The student's own, and the invitations sent to their e-mail before they signed up."""
        return self.filter(Q(student=student) | Q(student=None, invited_email=student.email))

    def matching(self, words: str) -> "MembershipQuerySet":
        if not words.split():
            return self
        return self.filter(
            words_in(words, "student__search_text")
            | (Q(student=None) & words_in(words, "invited_email"))
        )


class Membership(models.Model):
    class Role(models.TextChoices):
        STUDENT = "student", _("student")

    class Status(models.TextChoices):
        INVITED = "invited", _("invited")
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        REMOVED = "removed", _("removed")

    classroom = models.ForeignKey(Classroom, on_delete=models.CASCADE, related_name="memberships")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="memberships",
        null=True,
        blank=True,
    )
    invited_email = models.EmailField(
        blank=True, help_text="Of an invited person who has no account yet; empty otherwise."
    )
    role = models.CharField(max_length=10, choices=Role, default=Role.STUDENT)
    status = models.CharField(max_length=10, choices=Status)
    created_at = models.DateTimeField(auto_now_add=True)
    joined_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                name="membership_once_per_classroom", fields=["classroom", "student"]
            ),
            models.UniqueConstraint(
                name="membership_one_invitation_per_email",
                fields=["classroom", "invited_email"],
                condition=~Q(invited_email=""),
            ),
            models.CheckConstraint(
                name="membership_person_or_invitation",
                condition=Q(student__isnull=False, invited_email="")
                | Q(student=None, status__in=["invited", "removed"]) & ~Q(invited_email=""),
            ),
            models.CheckConstraint(
                name="membership_status_known",
                condition=Q(status__in=["invited", "active", "paused", "removed"]),
            ),
        )
        indexes = (models.Index(name="membership_student_status", fields=["student", "status"]),)

    def __str__(self) -> str:
        return f"{self.student_id or self.invited_email} in {self.classroom_id}: {self.status}"
