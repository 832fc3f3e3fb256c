from django.contrib import admin
from django.http import HttpRequest

from apps.classroom.models import (
    Attendance,
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


@admin.register(ClassroomSession)
class ClassroomSessionAdmin(ChangedFieldsAdmin):
    """Excludes the tutor's private notes."""

    readonly_fields = ("uuid", "created_at", "timer_ends_at")
    exclude = ("notes",)
    raw_id_fields = ("lesson",)
    list_display = ("uuid", "lesson", "created_at")
    search_fields = ("uuid", "lesson__title", "lesson__tutor__email", "lesson__student__email")


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
class BoardRecordAdmin(RecordAdmin):
    fields = ("session", "created_at")
    search_fields = ("session__uuid", "session__lesson__title")
    list_display = ("session", "created_at")


@admin.register(BoardQuarantine)
class BoardQuarantineAdmin(RecordAdmin):
    fields = ("session", "reason", "created_at")
    search_fields = ("session__uuid", "session__lesson__title")
    list_display = ("session", "reason", "created_at")


@admin.register(BoardSnapshot)
class BoardSnapshotAdmin(RecordAdmin):
    fields = ("session", "version", "updated_at")
    search_fields = ("session__uuid", "session__lesson__title")
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
