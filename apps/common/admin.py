from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import display_for_value
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.common.mail_queue import JOB_NAME
from apps.common.models import (
    DailyLimit,
    ErrorCount,
    Installation,
    MailMessage,
    OutgoingMail,
    PeriodicJob,
    Removal,
)
from apps.common.worker import run_soon


class ChangedFieldsForm(forms.ModelForm):
    """Applies only the fields that were changed in the form, so that a page opened earlier does not
    bring old values back. Each field submits the value that it showed (Django's hidden initial);
    a change of what somebody else has changed meanwhile is refused."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            for name, field in self.fields.items():
                field.show_hidden_initial = self._has_hidden_initial(name, field)

    def _has_hidden_initial(self, name: str, field: forms.Field) -> bool:
        if field.disabled or isinstance(field, forms.FileField):
            return False
        if not self.is_bound or isinstance(field, forms.ModelMultipleChoiceField):
            return True  # an empty list submits nothing
        initial_name = self.add_initial_prefix(name)
        widget = field.hidden_widget()
        return not widget.value_omitted_from_data(self.data, self.files, initial_name)

    def _post_clean(self) -> None:
        if not self.instance._state.adding:
            for name in self.changed_data:
                self._check_overwrite(name)
            for name in set(self.cleaned_data).difference(self.changed_data):
                del self.cleaned_data[name]
        super()._post_clean()  # type: ignore[misc]

    def _check_overwrite(self, name: str) -> None:
        field, bound_field = self.fields[name], self[name]
        if not field.show_hidden_initial:
            return
        shown = field.hidden_widget().value_from_datadict(
            self.data, self.files, bound_field.html_initial_name
        )
        current = bound_field.initial
        if field.has_changed(current, shown) and field.has_changed(current, bound_field.data):
            message = _(
                "This has changed in the meantime: %(value)s. Reload the page to change it."
            )
            self.add_error(name, message % {"value": self._describe_current(name)})

    def _describe_current(self, name: str) -> str:
        if display := getattr(self.instance, f"get_{name}_display", None):
            return str(display())
        value = getattr(self.instance, name)
        if isinstance(value, models.Manager):
            value = ", ".join(map(str, value.all()))
        return str(display_for_value(value, "—")) or "—"


class ChangedFieldsAdmin(admin.ModelAdmin):
    """Base of all admin pages on which staff edit rows that others edit too."""

    form = ChangedFieldsForm

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.save()
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=columns.intersection(form.changed_data))


class ServerRecordAdmin(admin.ModelAdmin):
    """Base of admin pages for records that staff may view and delete, but not change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(MailMessage)
class MailMessageAdmin(ServerRecordAdmin):
    """Leaves out the content, which may hold reset links."""

    list_display = (
        *("created_at", "recipient", "subject", "kind", "state"),
        *("attempts", "shown_reason", "next_attempt"),
    )
    fields = (*list_display, "finished_at")
    list_filter = ("state", "kind")
    search_fields = ("recipient", "subject")
    date_hierarchy = "created_at"
    actions = ("send_again",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[MailMessage]:
        return super().get_queryset(request).exclude(recipient="")  # decoys

    @admin.display(description=gettext_lazy("reason"))
    def shown_reason(self, mail: MailMessage) -> str:
        """Our own reasons are messages of the catalogue; those of mail servers are not."""
        return _(mail.reason) if mail.reason else ""

    @admin.display(description=gettext_lazy("next attempt"))
    def next_attempt(self, mail: MailMessage) -> datetime | None:
        return mail.try_at if mail.state == MailMessage.State.WAITING else None

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("common.change_mailmessage")

    @admin.action(description=gettext_lazy("Send again"), permissions=["send_again"])
    def send_again(self, request: HttpRequest, chosen: models.QuerySet[MailMessage]) -> None:
        """For messages that were not sent and those that may have been, while their content is
        there."""
        mails = list(chosen)
        queued = [mail for mail in mails if mail.queue_again(timezone.now())]
        for mail in queued:
            self.log_change(request, mail, _("Sent again."))
        if queued:
            run_soon(JOB_NAME)
            text = ngettext(
                "%(n)s message will be sent.", "%(n)s messages will be sent.", len(queued)
            )
            self.message_user(request, text % {"n": len(queued)}, messages.SUCCESS)
        if left := len(mails) - len(queued):
            text = ngettext(
                "%(n)s message can’t be sent again. It is waiting or sent, or its text is gone.",
                "%(n)s messages can’t be sent again. They are waiting or sent, or their text is"
                " gone.",
                left,
            )
            self.message_user(request, text % {"n": left}, messages.WARNING)


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ServerRecordAdmin):
    """Leaves out the content, which may hold reset links."""

    fields = list_display = ("recipients", "created_at", "try_at", "attempts")
    search_fields = ("recipients",)


@admin.register(PeriodicJob)
class PeriodicJobAdmin(ServerRecordAdmin):
    fields = list_display = ("name", "due_at", "has_failed")
    search_fields = ("name",)


@admin.register(ErrorCount)
class ErrorCountAdmin(ServerRecordAdmin):
    fields = list_display = ("hour", "logger", "count")
    search_fields = ("logger",)


@admin.register(Removal)
class RemovalAdmin(ServerRecordAdmin):
    fields = list_display = ("removed_at", "kind", "count")
    search_fields = ("kind",)


@admin.register(DailyLimit)
class DailyLimitAdmin(ServerRecordAdmin):
    """Deleting a row resets the limit."""

    fields = list_display = ("name", "began_at", "used")
    search_fields = ("name",)


@admin.register(Installation)
class InstallationAdmin(ServerRecordAdmin):
    """Cannot be deleted: entries in people's calendars carry it."""

    fields = list_display = ("uuid",)
    search_fields = ("uuid",)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
