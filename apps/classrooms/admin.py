from django.contrib import admin

from apps.classrooms.models import Classroom, Membership, StudentCard
from apps.common.admin import ChangedFieldsAdmin, ServerRecordAdmin


@admin.register(Classroom)
class ClassroomAdmin(ChangedFieldsAdmin):
    """Leaves out the join code, with which anybody could join."""

    fields = ("name", "tutor", "created_at", "archived_at")
    readonly_fields = ("created_at",)
    raw_id_fields = ("tutor",)
    list_display = ("name", "tutor", "created_at", "archived_at")
    search_fields = ("name", "tutor__email", "tutor__last_name")


@admin.register(Membership)
class MembershipAdmin(ChangedFieldsAdmin):
    raw_id_fields = ("classroom", "student")
    list_display = ("classroom", "student", "invited_email", "status", "joined_at")
    list_filter = ("status",)
    search_fields = ("classroom__name", "student__email", "student__last_name", "invited_email")


@admin.register(StudentCard)
class StudentCardAdmin(ServerRecordAdmin):
    """Leaves out the contacts and the note, which only the tutor reads."""

    fields = list_display = ("tutor", "student", "created_at")
    search_fields = ("tutor__email", "student__email", "student__last_name")
