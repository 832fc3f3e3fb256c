"""A classroom: a tutor's group of students, which they join by a code."""

import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from apps.common.alphabet import sort_key
from apps.common.etags import compute_version
from apps.common.models.fields import NameField
from apps.common.pasted import clean_code
from apps.common.text import casefold, contains_all_words

# Without characters that are easily confused: 0 and O; 1, I and L. 31^8 is about 2^39.6.
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def new_join_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(8))


def normalize_join_code(typed: str) -> str:
    """Convert a typed or pasted code (`abcd-efgh`, a join link) to the stored form."""
    return clean_code(typed)


class ClassroomQuerySet(models.QuerySet["Classroom"]):
    def of(self, tutor: Any) -> "ClassroomQuerySet":
        """The tutor's classrooms that are not archived."""
        return self.filter(tutor=tutor, archived_at=None).order_by("sort_key", "id")

    def archived_by(self, tutor: Any) -> "ClassroomQuerySet":
        """The tutor's archived classrooms, the latest first."""
        return self.filter(tutor=tutor).exclude(archived_at=None).order_by("-archived_at")

    def with_member_counts(self) -> "ClassroomQuerySet":
        """Annotate the numbers of `active` and `invited` members."""
        return self.annotate(
            active=Count("memberships", filter=Q(memberships__status="active")),
            invited=Count("memberships", filter=Q(memberships__status="invited")),
        )

    def matching(self, words: str) -> "ClassroomQuerySet":
        """Filter by name: every word of `words` must occur, in any letter case."""
        return self.filter(contains_all_words(words, "search_text"))


class Classroom(models.Model):
    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="classrooms"
    )
    name = NameField(_("name"), max_length=200)
    join_code = models.CharField(max_length=16, unique=True, default=new_join_code)
    is_code_open = models.BooleanField(
        default=True,
        db_default=True,  # during an upgrade, processes of the previous release write rows
        help_text="Whether students can join by the code.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    search_text = models.TextField(editable=False, help_text="The name, case folded.")
    sort_key = models.BinaryField(
        default=b"",
        db_default=b"",  # during an upgrade, processes of the previous release write rows
        editable=False,
        help_text="The name.",
    )

    objects = ClassroomQuerySet.as_manager()

    class Meta:
        verbose_name = _("classroom")
        verbose_name_plural = _("classrooms")
        ordering = ("sort_key", "id")

    def __str__(self) -> str:
        return str(self.name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Update `search_text` and `sort_key` along with the name."""
        self.search_text, self.sort_key = casefold(self.name), sort_key(self.name)
        fields = kwargs.get("update_fields")
        if fields is not None and "name" in fields:
            kwargs["update_fields"] = {*fields, "search_text", "sort_key"}
        super().save(*args, **kwargs)

    @property
    def version(self) -> str:
        """Version of the editable fields (see apps/common/etags.py)."""
        return compute_version(self.name, self.is_code_open)

    def set_code_open(self, is_open: bool) -> None:
        """Open or close the classroom for joining by its code; invitations work either way."""
        self.is_code_open = is_open
        self.save(update_fields=["is_code_open"])

    def rotate_join_code(self) -> None:
        """Replace the join code, so that the old one stops working."""
        self.join_code = new_join_code()
        self.save(update_fields=["join_code"])
