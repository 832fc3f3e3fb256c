from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.classroom.models import (
    Attendance,
    BoardAuthor,
    BoardFile,
    BoardQuarantine,
    BoardSnapshot,
    BoardUpdate,
    BoardVersion,
    ChatMessage,
    ClassroomSession,
    RoomAdmission,
    RoomBan,
)
from apps.common.admin import ChangedFieldsAdmin


class LessonSearchAdmin(admin.ModelAdmin):
    """Also finds what belongs to the lessons that the lessons' own admin finds."""

    lesson_path: str

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found, duplicates = super().get_search_results(request, queryset, search_term)
        if not search_term:
            return found, duplicates
        lesson: Any = ClassroomSession._meta.get_field("lesson").related_model
        lessons = self.admin_site.get_model_admin(lesson)
        matching, _duplicates = lessons.get_search_results(
            request, lesson._default_manager.all(), search_term
        )
        by_lesson = queryset.filter(**{f"{self.lesson_path}__in": matching.values("pk")})
        return found | by_lesson, duplicates


@admin.register(ClassroomSession)
class ClassroomSessionAdmin(LessonSearchAdmin, ChangedFieldsAdmin):
    """Excludes the tutor's private notes."""

    readonly_fields = ("uuid", "created_at", "timer_ends_at")
    exclude = ("notes",)
    raw_id_fields = ("lesson",)
    list_display = ("uuid", "lesson", "created_at")
    search_fields = ("uuid",)
    lesson_path = "lesson"


@admin.register(RoomBan)
class RoomBanAdmin(ChangedFieldsAdmin):
    """Deleting a ban allows the person to enter again."""

    raw_id_fields = ("session",)
    list_display = ("name", "person", "session", "created_at")
    search_fields = ("name", "person", "session__uuid")


@admin.register(Attendance)
class AttendanceAdmin(ChangedFieldsAdmin):
    raw_id_fields = ("session",)
    list_display = ("name", "role", "session", "joined_at", "left_at")
    search_fields = ("name", "session__uuid")
    date_hierarchy = "joined_at"


@admin.register(BoardFile)
class BoardFileAdmin(ChangedFieldsAdmin):
    raw_id_fields = ("session",)
    readonly_fields = ("uuid", "mime_type", "size", "person", "created_at")
    list_display = ("uuid", "mime_type", "size", "session", "created_at")
    search_fields = ("uuid", "session__uuid")


class RecordAdmin(admin.ModelAdmin):
    """Staff can view and delete these records, but not change them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(BoardUpdate, BoardVersion)
class BoardRecordAdmin(LessonSearchAdmin, RecordAdmin):
    fields = ("session", "created_at")
    search_fields = ("session__uuid",)
    lesson_path = "session__lesson"
    list_display = ("session", "created_at")


@admin.register(BoardAuthor)
class BoardAuthorAdmin(LessonSearchAdmin, RecordAdmin):
    fields = ("session", "client", "person")
    search_fields = ("person", "session__uuid")
    lesson_path = "session__lesson"
    list_display = ("person", "client", "session")


@admin.register(BoardQuarantine)
class BoardQuarantineAdmin(LessonSearchAdmin, RecordAdmin):
    fields = ("session", "reason", "created_at")
    search_fields = ("session__uuid",)
    lesson_path = "session__lesson"
    list_display = ("session", "reason", "created_at")


@admin.register(BoardSnapshot)
class BoardSnapshotAdmin(LessonSearchAdmin, RecordAdmin):
    fields = ("session", "version", "updated_at")
    search_fields = ("session__uuid",)
    lesson_path = "session__lesson"
    list_display = ("session", "version", "updated_at")


@admin.register(ChatMessage)
class ChatMessageAdmin(RecordAdmin):
    fields = ("session", "name", "role", "text", "sent_at")
    list_display = ("name", "role", "session", "sent_at")
    search_fields = ("name", "text", "session__uuid")


@admin.register(RoomAdmission)
class RoomAdmissionAdmin(RecordAdmin):
    fields = ("person", "session", "created_at")
    list_display = ("person", "session", "created_at")
    search_fields = ("person", "session__uuid")
