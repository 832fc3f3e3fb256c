"""The membership of a student in a classroom, from invitation to removal."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Replace
from django.utils.translation import gettext_lazy as _

from apps.accounts.addresses import verified_emails
from apps.accounts.tutor_blocks import blocked_tutors
from apps.classrooms.models.classroom import Classroom
from apps.common.models.fields import AddressField
from apps.common.text import casefold, contains_all_words, shown_email

if TYPE_CHECKING:
    from apps.accounts.models import User


NEW_FOR = timedelta(days=7)
# Memberships whose student never accepted, so the tutor must not see the name.
_NAME_HIDDEN = Q(student=None) | Q(status="invited") | Q(joined_at=None)
_OVER = ("removed", "declined", "left")
_FORMER = ~_NAME_HIDDEN & Q(status__in=_OVER, student__email__isnull=False)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> "MembershipQuerySet":
        """Active memberships of classrooms that are not archived; only these allow new lessons."""
        return self.filter(
            role=Membership.Role.STUDENT,
            status=Membership.Status.ACTIVE,
            classroom__archived_at=None,
        )

    def not_blocked_by(self, student: "User") -> "MembershipQuerySet":
        """Without open invitations of tutors whom the student has blocked."""
        blocked = Q(classroom__tutor__in=blocked_tutors(student))
        return self.exclude(blocked, status=Membership.Status.INVITED)

    def current(self) -> "MembershipQuerySet":
        """Invitations and memberships that have not ended, by classroom, without archived ones."""
        ended = (Membership.Status.REMOVED, Membership.Status.DECLINED, Membership.Status.LEFT)
        current = self.exclude(status__in=ended).filter(classroom__archived_at=None)
        return current.order_by("classroom__sort_key", "id")

    def in_classroom(self, classroom: Classroom, status: str = "") -> "MembershipQuerySet":
        """Those with `status`, or all but removed ones if it is not a status."""
        members = self.filter(classroom=classroom)
        if status in Membership.Status.values:
            return members.filter(status=status)
        return members.exclude(status=Membership.Status.REMOVED)

    def taught_by(self, tutor: Any) -> "MembershipQuerySet":
        return self.filter(classroom__tutor=tutor)

    def of(self, student: "User") -> "MembershipQuerySet":
        """The student's memberships, including invitations to their verified addresses."""
        emails = verified_emails(student)
        return self.filter(Q(student=student) | Q(student=None, invited_email__in=emails))

    def in_order(self) -> "MembershipQuerySet":
        """Order by the names that the tutor may see; others come last, by invited address."""
        shown = Case(When(_NAME_HIDDEN, then=None), default=F("student__sort_key"))
        return self.order_by(shown.asc(nulls_last=True), "invited_email", "id")

    def active_first(self) -> "MembershipQuerySet":
        """Order as `in_order` does, after the active members."""
        is_active = Case(When(status=Membership.Status.ACTIVE, then=0), default=1)
        ordered = self.in_order()
        return ordered.order_by(is_active, *ordered.query.order_by)

    def matching(self, words: str) -> "MembershipQuerySet":
        if not words.split():
            return self
        text = F("student__search_text")
        email: Any = F("student__email")
        names = Replace(text, email, Value(""), output_field=models.TextField())
        return self.alias(names=names).filter(
            (_FORMER & contains_all_words(words, "names"))
            | (~_NAME_HIDDEN & ~_FORMER & contains_all_words(words, "student__search_text"))
            | (
                _NAME_HIDDEN
                & (
                    contains_all_words(words, "search_text")
                    | contains_all_words(words, "student__email")
                )
            )
        )


class Membership(models.Model):
    class Role(models.TextChoices):
        STUDENT = "student", _("student")

    class Status(models.TextChoices):
        INVITED = "invited", _("invited")
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        REMOVED = "removed", _("removed")
        DECLINED = "declined", _("declined")
        LEFT = "left", _("left")

    classroom = models.ForeignKey(Classroom, on_delete=models.CASCADE, related_name="memberships")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="memberships",
        null=True,
        blank=True,
    )
    invited_email = AddressField(
        blank=True, help_text="Of an invitation that nobody has accepted; empty otherwise."
    )
    invited_at = models.DateTimeField(
        null=True, blank=True, help_text="When the present invitation was made."
    )
    search_text = models.TextField(
        blank=True,
        db_default="",  # during an upgrade, processes of the previous release write rows
        editable=False,
        help_text="The invited e-mail, case folded.",
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
                | Q(student=None, status__in=["invited", "removed", "declined"])
                & ~Q(invited_email=""),
            ),
            models.CheckConstraint(
                name="membership_status_known",
                condition=Q(
                    status__in=["invited", "active", "paused", "removed", "declined", "left"]
                ),
            ),
        )
        indexes = (models.Index(name="membership_student_status", fields=["student", "status"]),)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Update `search_text` along with the invited address."""
        self.search_text = search_text(self.invited_email)
        fields = kwargs.get("update_fields")
        if fields is not None and "invited_email" in fields:
            kwargs["update_fields"] = {*fields, "search_text"}
        super().save(*args, **kwargs)

    @property
    def is_name_hidden(self) -> bool:
        """Whether the tutor may see only the address, because the student never accepted."""
        is_open = self.status == self.Status.INVITED
        return self.student_id is None or is_open or self.joined_at is None

    def is_new(self, now: datetime) -> bool:
        """Whether the student has joined in the last days."""
        is_recent = self.joined_at is not None and self.joined_at > now - NEW_FOR
        return is_recent and self.status == self.Status.ACTIVE

    @property
    def shown_email(self) -> str:
        """Empty for a former student, whose account may have another address by now."""
        if self.student is None:
            return shown_email(self.invited_email)
        return "" if self.is_former else self.student.shown_email

    @property
    def is_former(self) -> bool:
        """Whether the student has an account and was a member, but is none any more."""
        is_placeholder = self.student is not None and self.student.is_placeholder
        return self.status in _OVER and not self.is_name_hidden and not is_placeholder

    def __str__(self) -> str:
        return f"{self.student_id or self.invited_email} in {self.classroom_id}: {self.status}"


def search_text(email: str) -> str:
    return casefold("\n".join(dict.fromkeys((email, shown_email(email)))))
