from django.contrib import admin

from apps.classroom.models import Attendance, BoardFile, ClassroomSession, RoomBan


@admin.register(ClassroomSession)
class ClassroomSessionAdmin(admin.ModelAdmin):
    """Without the notes: they are the tutor's own."""

    readonly_fields = ("uuid", "created_at", "timer_ends_at")
    exclude = ("notes",)
    raw_id_fields = ("lesson",)
    list_display = ("uuid", "lesson", "created_at")
    search_fields = ("uuid", "lesson__title", "lesson__tutor__email", "lesson__student__email")


@admin.register(RoomBan)
class RoomBanAdmin(admin.ModelAdmin):
    """Deleting one lets the person in again."""

    raw_id_fields = ("session",)
    list_display = ("name", "person", "session", "created_at")
    search_fields = ("name", "person", "session__uuid")


@admin.register(Attendance)
class AttendanceAdmin(admin.ModelAdmin):
    raw_id_fields = ("session",)
    list_display = ("name", "role", "session", "joined_at", "left_at")
    search_fields = ("name", "session__uuid")
    date_hierarchy = "joined_at"


@admin.register(BoardFile)
class BoardFileAdmin(admin.ModelAdmin):
    raw_id_fields = ("session",)
    readonly_fields = ("uuid", "mime_type", "size", "person", "created_at")
    list_display = ("uuid", "mime_type", "size", "session", "created_at")
    search_fields = ("uuid", "session__uuid")
