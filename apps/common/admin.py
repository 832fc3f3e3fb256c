from django.contrib import admin
from django.http import HttpRequest

from apps.common.models import DailyLimit, OutgoingMail, PeriodicJob


class ServerRecordAdmin(admin.ModelAdmin):
    """Base of admin pages for internal records: staff can view and delete them, not change them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ServerRecordAdmin):
    """Leaves out the content, which may hold reset links."""

    fields = list_display = ("recipients", "created_at", "try_at", "attempts")
    search_fields = ("recipients",)


@admin.register(PeriodicJob)
class PeriodicJobAdmin(ServerRecordAdmin):
    fields = list_display = ("name", "due_at", "has_failed")
    search_fields = ("name",)


@admin.register(DailyLimit)
class DailyLimitAdmin(ServerRecordAdmin):
    """Deleting a row resets the limit."""

    fields = list_display = ("name", "began_at", "used")
    search_fields = ("name",)
