"""A tutor's public booking page, and what newcomers ask for there."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone as clock
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.user import TimeZoneField
from apps.common.models.fields import AddressField, NameField
from apps.common.zones import DEFAULT

MAX_SLUG, MAX_ABOUT = 50, 1000
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class BookingPage(models.Model):
    """Shown only while `is_open`; a tutor without a row has none."""

    tutor = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="booking_page",
    )
    slug = models.CharField(
        _("address"), max_length=MAX_SLUG, unique=True, validators=[RegexValidator(SLUG)]
    )
    is_open = models.BooleanField(_("anyone can ask for a first lesson"), default=False)
    about = models.TextField(_("about you"), max_length=MAX_ABOUT, blank=True)

    class Meta:
        verbose_name = _("booking page")
        verbose_name_plural = _("booking pages")
        constraints = (models.CheckConstraint(name="booking_page_has_slug", condition=~Q(slug="")),)

    def __str__(self) -> str:
        return str(self.slug)


class FirstLessonRequest(models.Model):
    """No account and no hold on the time. Deleted when it is answered, or at its start."""

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="first_lesson_requests",
        db_index=False,  # its unique constraint starts with it
    )
    first_name = NameField(_("first name"), max_length=100)
    last_name = NameField(_("last name"), max_length=100)
    email = AddressField(_("e-mail"))
    timezone = TimeZoneField(_("time zone"), max_length=64, default=DEFAULT)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("request for a first lesson")
        verbose_name_plural = _("requests for first lessons")
        ordering = ("starts_at", "id")
        constraints = (
            models.UniqueConstraint(
                name="first_lesson_once_per_address", fields=["tutor", "email"]
            ),
            models.CheckConstraint(
                name="first_lesson_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))
            ),
        )
        indexes = (models.Index(name="first_lesson_starts", fields=["starts_at"]),)

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()
