from django.contrib import admin
from django.http import HttpRequest

from apps.common.models import DailyLimit, OutgoingMail, PeriodicJob


class ServerRecordAdmin(admin.ModelAdmin):
    """What the server keeps for itself: staff may look it up and delete it, never change it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ServerRecordAdmin):
    """Without the content: whoever reads a reset link may use it."""

    fields = list_display = ("recipients", "created_at", "try_at", "attempts")
    search_fields = ("recipients",)


@admin.register(PeriodicJob)
class PeriodicJobAdmin(ServerRecordAdmin):
    fields = list_display = ("name", "due_at", "has_failed")
    search_fields = ("name",)


@admin.register(DailyLimit)
class DailyLimitAdmin(ServerRecordAdmin):
    """Deleting a row lets its owner begin a new day."""

    fields = list_display = ("name", "began_at", "used")
    search_fields = ("name",)
