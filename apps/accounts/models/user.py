"""The user model: signs in by e-mail and is a tutor or a student."""

from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone as clock
from django.utils.translation import gettext_lazy as _

from apps.common.alphabet import sort_key
from apps.common.etags import compute_version
from apps.common.models.fields import AddressField, NameField
from apps.common.text import casefold, clean_email, clean_name, lookup_email, shown_email
from apps.common.zones import DEFAULT, canonical_zone, find_zone, validate_time_zone


class TimeZoneField(models.CharField):  # type: ignore[type-arg]
    """Stores the current name of a time zone when given an older alias."""

    def get_prep_value(self, value: Any) -> Any:
        name = super().get_prep_value(value)
        return canonical_zone(name) if isinstance(name, str) else name

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        name = canonical_zone(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, name)
        return name


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """For use by the operator: the address counts as verified. Sign-up does not use this."""
        for name in ("first_name", "last_name"):
            if fields.get(name):
                fields[name] = clean_name(fields[name])
        user = self.model(email=clean_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        user.emailaddress_set.filter(email=user.email).update(verified=True)
        return user

    def create_placeholder(
        self, tutor: "User", *, first_name: str, last_name: str, contact_email: str = ""
    ) -> "User":
        """A student of the tutor who has not signed up and cannot sign in."""
        user = self.model(
            placeholder_of=tutor,
            email=None,
            is_active=False,
            role=User.Role.STUDENT,
            first_name=first_name,
            last_name=last_name,
            contact_email=contact_email,
            timezone=tutor.timezone,
            locale=tutor.locale,
        )
        user.set_unusable_password()
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        fields.setdefault("role", User.Role.TUTOR)
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=lookup_email(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    class Role(models.TextChoices):
        TUTOR = "tutor", _("tutor")
        STUDENT = "student", _("student")

    class Locale(models.TextChoices):
        UK = "uk", "Українська"
        EN = "en", "English"

    email = AddressField(_("e-mail"), unique=True, null=True)
    first_name = NameField(_("first name"), max_length=100)
    last_name = NameField(_("last name"), max_length=100)
    role = models.CharField(_("role"), max_length=10, choices=Role)
    timezone = TimeZoneField(
        _("time zone"), max_length=64, default=DEFAULT, validators=[validate_time_zone]
    )
    locale = models.CharField(_("language"), max_length=2, choices=Locale, default=Locale.UK)
    is_staff = models.BooleanField(_("may use the admin"), default=False)
    is_active = models.BooleanField(_("may sign in"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=clock.now)
    placeholder_of = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        editable=False,
        related_name="placeholders",
        help_text="The tutor who added this student, until the student signs up.",
    )
    contact_email = AddressField(
        blank=True,
        default="",
        db_default="",  # during an upgrade, processes of the previous release write rows
        editable=False,
        help_text="Of a placeholder: the address that its tutor typed. Nobody signs in with it.",
    )
    search_text = models.TextField(
        editable=False, help_text="Names and e-mail, case folded, a line each."
    )
    sort_key = models.BinaryField(
        default=b"",
        db_default=b"",  # during an upgrade, processes of the previous release write rows
        editable=False,
        help_text="Last name and first name.",
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["first_name", "last_name"]

    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("sort_key", "id")
        indexes = (
            models.Index(name="user_sort_key", fields=["sort_key", "id"]),
            models.Index(name="user_contact_email", fields=["contact_email"]),
        )
        constraints = (
            models.CheckConstraint(
                name="user_email_lower", condition=models.Q(email=Lower("email"))
            ),
            models.CheckConstraint(
                name="user_role_known", condition=models.Q(role__in=["tutor", "student"])
            ),
            models.CheckConstraint(
                name="user_placeholder_cannot_sign_in",
                condition=models.Q(placeholder_of=None, email__isnull=False, contact_email="")
                | models.Q(
                    placeholder_of__isnull=False,
                    email=None,
                    role="student",
                    is_active=False,
                    is_staff=False,
                    is_superuser=False,
                    password__startswith="!",  # noqa: S106 -- an unusable one
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_full_name()} <{self.email or self.contact_email}>"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Update `search_text`, `sort_key` and allauth's addresses along with their sources."""
        self.search_text, self.sort_key = search_keys(self)
        fields = kwargs.get("update_fields")
        if fields is not None:
            kwargs["update_fields"] = {*fields, "search_text", "sort_key"}
        super().save(*args, **kwargs)
        if (fields is None or "email" in fields) and not self.is_placeholder:
            self._sync_email_addresses()

    def _sync_email_addresses(self) -> None:
        """Make `email` the primary one of allauth's addresses and delete the one it replaces.

        An address that stopped being primary through allauth stays: allauth saves its own rows
        before the user.
        """
        addresses = self.emailaddress_set
        addresses.filter(primary=True).exclude(email=self.email).delete()
        if not addresses.filter(email=self.email).update(primary=True):
            addresses.create(email=self.email, primary=True)

    @property
    def is_tutor(self) -> bool:
        return self.role == self.Role.TUTOR

    @property
    def is_student(self) -> bool:
        return self.role == self.Role.STUDENT

    @property
    def is_placeholder(self) -> bool:
        """Whether a tutor added this student, who has not signed up yet."""
        return self.placeholder_of_id is not None

    @property
    def version(self) -> str:
        """Version of the fields that users can edit (see apps/common/etags.py)."""
        return compute_version(self.first_name, self.last_name, self.timezone, self.locale)

    @property
    def zone(self) -> ZoneInfo:
        return find_zone(self.timezone)

    @property
    def shown_email(self) -> str:
        return shown_email(self.email or self.contact_email)

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def get_short_name(self) -> str:
        return str(self.first_name)

    def to_local_time(self, instant: datetime) -> datetime:
        """Convert an aware datetime to the user's time zone."""
        return instant.astimezone(self.zone)


def search_keys(user: Any) -> tuple[str, bytes]:
    """Compute `search_text` and `sort_key` of a user; migrations use this too."""
    email = user.email or user.contact_email
    emails = dict.fromkeys((email, shown_email(email)))
    text = "\n".join((user.first_name, user.last_name, *emails))
    return casefold(text), sort_key(user.last_name, user.first_name)
