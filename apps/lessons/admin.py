from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.common.admin import ChangedFieldsAdmin, ServerRecordAdmin
from apps.common.forms import TextField
from apps.lessons.models import (
    CalendarFeed,
    Holiday,
    Lesson,
    LessonChange,
    LessonSeries,
    Participant,
    Reminder,
    SeriesStudent,
    ZoneRules,
)


@admin.register(Lesson)
class LessonAdmin(ChangedFieldsAdmin):
    formfield_overrides = {models.CharField: {"form_class": TextField}}
    raw_id_fields = ("tutor", "student", "classroom")
    readonly_fields = ("students", "created_at", "cancelled_at", "invite_generation")
    list_display = ("starts_at", "title", "tutor", "students", "status")
    list_filter = ("status",)
    list_select_related = ("tutor",)
    search_fields = (
        "title",
        "tutor__email",
        "participants__student__email",
        "participants__student__last_name",
    )
    date_hierarchy = "starts_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lesson]:
        return super().get_queryset(request).prefetch_related("participants__student")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The students of an existing lesson are changed on its page, where the rules are
        checked."""
        return (*self.readonly_fields, *(("student",) if obj is not None else ()))

    @admin.display(description=_("students"))
    def students(self, lesson: Lesson) -> str:
        return ", ".join(str(one.student) for one in lesson.participants.all())


@admin.register(Participant)
class ParticipantAdmin(admin.ModelAdmin):
    """Read-only: the students of a lesson are changed on its page, where the rules are checked."""

    fields = list_display = ("lesson", "student", "status")
    list_filter = ("status",)
    list_select_related = ("lesson", "student")
    search_fields = ("lesson__title", "student__email", "student__last_name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(LessonSeries)
class LessonSeriesAdmin(ServerRecordAdmin):
    """A series is changed on its page, where the rules are checked."""

    fields = list_display = (
        *("title", "tutor", "classroom", "rrule", "timezone"),
        *("start_date", "start_time", "duration_minutes", "ends_on"),
    )
    list_select_related = ("tutor", "classroom")
    search_fields = ("title", "tutor__email", "members__student__email")


@admin.register(SeriesStudent)
class SeriesStudentAdmin(ServerRecordAdmin):
    fields = list_display = ("series", "student")
    list_select_related = ("series", "student")
    search_fields = ("series__title", "student__email", "student__last_name")


@admin.register(LessonChange)
class LessonChangeAdmin(ServerRecordAdmin):
    """Deleting a row takes from its tutor the possibility to undo the change."""

    fields = list_display = ("created_at", "tutor", "kind", "undone_at")
    list_filter = ("kind",)
    list_select_related = ("tutor",)
    search_fields = ("tutor__email", "tutor__last_name")


@admin.register(Holiday)
class HolidayAdmin(ServerRecordAdmin):
    fields = list_display = ("tutor", "name", "first_date", "last_date")
    list_select_related = ("tutor",)
    search_fields = ("name", "tutor__email", "tutor__last_name")


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


@admin.register(Reminder)
class ReminderAdmin(ServerRecordAdmin):
    """Those by e-mail are in the mail queue from the start, and are called sent here."""

    fields = list_display = (
        *("user", "lesson", "starts_at", "minutes", "channel", "status", "reason"),
        *("attempts", "try_at", "finished_at"),
    )
    list_filter = ("status", "reason", "channel")
    search_fields = ("user__search_text", "lesson__title")
    list_select_related = ("user", "lesson")
