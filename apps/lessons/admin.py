from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from apps.common.admin import ChangedFieldsAdmin, ServerRecordAdmin
from apps.common.forms import TextField
from apps.lessons.models import CalendarFeed, Lesson, ZoneRules


@admin.register(Lesson)
class LessonAdmin(ChangedFieldsAdmin):
    formfield_overrides = {models.CharField: {"form_class": TextField}}
    raw_id_fields = ("tutor", "student", "classroom")
    readonly_fields = ("created_at", "cancelled_at", "invite_generation")
    list_display = ("starts_at", "title", "tutor", "student", "status")
    list_filter = ("status",)
    list_select_related = ("tutor", "student")
    search_fields = ("title", "tutor__email", "student__email", "student__last_name")
    date_hierarchy = "starts_at"


@admin.register(ZoneRules)
class ZoneRulesAdmin(admin.ModelAdmin):
    """Read-only: the records are written by the worker."""

    fields = list_display = ("zone", "recorded_at")
    search_fields = ("zone",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ServerRecordAdmin):
    """Deleting a row makes the person's first address valid again."""

    fields = list_display = ("user", "generation")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__last_name")
