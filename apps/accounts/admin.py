from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import (
    Erasure,
    NotificationSettings,
    PushSubscription,
    ReminderTime,
    TelegramBot,
    TelegramChat,
    TelegramCode,
    TutorBlock,
    User,
)
from apps.accounts.security_changes import handle_account_change, handle_password_change
from apps.common.admin import ChangedFieldsAdmin, ChangedFieldsForm, ServerRecordAdmin
from apps.common.security_log import log_security_event

admin.site.unregister(EmailAddress)  # managed by User.save
admin.site.unregister(Authenticator)
admin.site.unregister(UserSession)
admin.site.unregister(Group)


class NewUserForm(BaseUserCreationForm):
    password_hash: str  # set by PersonAdmin.save_form

    class Meta:
        model = User
        fields = ("email",)

    def set_password_and_save(self, user: User, *_names: Any, **_options: Any) -> User:
        user.password = self.password_hash
        return user


class ChangeUserForm(ChangedFieldsForm, UserChangeForm):
    pass


def _may_change(staff: Any, person: User | None) -> bool:
    """Return False for a placeholder, which has no address or password to change."""
    return _may_manage(staff, person) and not (person is not None and person.is_placeholder)


def _may_manage(staff: Any, person: User | None) -> bool:
    """Return False for other staff: a new address or password would give their rights away."""
    return staff.is_superuser or person is None or person == staff or not person.is_staff


@admin.register(User)
class PersonAdmin(ChangedFieldsAdmin, UserAdmin):
    form = ChangeUserForm
    add_form = NewUserForm
    ordering = ("sort_key", "id")
    list_display = ("email", "first_name", "last_name", "role", "is_active", "is_staff")
    list_filter = ("role", "is_active", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name", "role")}),
        (gettext_lazy("Preferences"), {"fields": ("timezone", "locale")}),
        (gettext_lazy("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (gettext_lazy("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": ("email", "first_name", "last_name", "role", "password1", "password2")},
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only superusers give rights; staff who may change people could give themselves all."""
        fields = super().get_readonly_fields(request, obj)
        rights = ("is_staff", "is_superuser", "groups")
        return fields if request.user.is_superuser else (*fields, *rights)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _may_change(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_manage(request.user, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Say what to do instead of deleting people with lessons, which are protected."""
        *deleted, protected = super().get_deleted_objects(objs, request)
        if protected:
            message = _(
                "People who have lessons cannot be deleted, because each lesson belongs to two "
                "people. To keep them out, untick “may sign in” on their page."
            )
            messages.warning(request, message)
        return *deleted, protected

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Hash the password before Django opens the transaction, which blocks SQLite's other
        writers."""
        if request.method == "POST" and self.has_add_permission(request):
            request.password_hash = make_password(request.POST.get("password1"))  # type: ignore[attr-defined]
        return super().add_view(request, *args, **kwargs)

    def save_form(self, request: Any, form: Any, change: bool) -> Any:
        if not change:
            form.password_hash = request.password_hash
        return super().save_form(request, form, change)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        before = User.objects.get(pk=obj.pk) if change else None
        super().save_model(request, obj, form, change)
        if before is not None:
            handle_account_change(request, before, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "groups" in form.changed_data:
            log_security_event(
                "account_changed_by_staff",
                request=request,
                account=form.instance.pk,
                changed=["groups"],
            )

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user_id = kwargs.get("id") or args[0]
        before = self.get_object(request, user_id)
        response = super().user_change_password(request, *args, **kwargs)
        after = self.get_object(request, user_id)
        if before and after and before.password != after.password:
            handle_password_change(request, after)
        return response


@admin.register(Group)
class RightsGroupAdmin(ChangedFieldsAdmin, GroupAdmin):
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and request.user.is_superuser

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if form.changed_data:
            log_security_event(
                "group_changed_by_staff",
                request=request,
                group=form.instance.pk,
                changed=form.changed_data,
            )

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        group_id = obj.pk
        super().delete_model(request, obj)
        log_security_event("group_deleted_by_staff", request=request, group=group_id)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for group in queryset:
            self.delete_model(request, group)


class RecordOfPersonAdmin(ServerRecordAdmin):
    """Base of pages for what protects an account: staff cannot delete that of other staff."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_manage(
            request.user, obj.user if obj else None
        )


@admin.register(Authenticator)
class SecondFactorAdmin(RecordOfPersonAdmin):
    """Lets staff delete a lost second factor without showing its secret."""

    fields = ("user", "type", "created_at", "last_used_at")
    list_display = ("user", "type", "created_at", "last_used_at")
    search_fields = ("user__email",)

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        super().delete_model(request, obj)
        log_security_event("second_factor_removed_by_staff", request=request, account=obj.user_id)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for authenticator in queryset:
            self.delete_model(request, authenticator)


@admin.register(UserSession)
class SessionAdmin(RecordOfPersonAdmin):
    """Leaves out the session key, which would let staff act as the user."""

    fields = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    list_display = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    search_fields = ("user__email", "ip")

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        """End the session too; allauth's row only describes it."""
        obj.end()
        log_security_event("session_ended_by_staff", request=request, account=obj.user_id)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for session in queryset:
            self.delete_model(request, session)


@admin.register(TutorBlock)
class TutorBlockAdmin(ServerRecordAdmin):
    fields = list_display = ("student", "tutor", "created_at")
    search_fields = ("student__email", "tutor__email")


@admin.register(Erasure)
class ErasureAdmin(ServerRecordAdmin):
    """A receipt has no name; deleting a row before it is due takes the erasure back."""

    fields = list_display = ("receipt", "user_id", "requested_at", "due_at", "erased_at", "removed")
    search_fields = ("receipt",)


@admin.register(NotificationSettings)
class NotificationSettingsAdmin(ServerRecordAdmin):
    fields = list_display = ("user", "email", "quiet_from", "quiet_to", "updated_at")
    search_fields = ("user__search_text",)
    list_select_related = ("user",)


@admin.register(ReminderTime)
class ReminderTimeAdmin(ServerRecordAdmin):
    fields = list_display = ("owner", "minutes")
    search_fields = ("owner__user__search_text",)


@admin.register(PushSubscription)
class PushSubscriptionAdmin(ServerRecordAdmin):
    """Leaves out the endpoint and the keys, by which anybody could write to the browser."""

    fields = list_display = ("user", "created_at")
    search_fields = ("user__search_text",)
    list_select_related = ("user",)


@admin.register(TelegramChat)
class TelegramChatAdmin(ServerRecordAdmin):
    fields = list_display = ("user", "linked_at")
    search_fields = ("user__search_text",)
    list_select_related = ("user",)


@admin.register(TelegramCode)
class TelegramCodeAdmin(ServerRecordAdmin):
    fields = list_display = ("user", "expires_at")
    search_fields = ("user__search_text",)
    list_select_related = ("user",)


@admin.register(TelegramBot)
class TelegramBotAdmin(ServerRecordAdmin):
    fields = list_display = ("username", "next_update", "paused_until")
    search_fields = ("username",)
