from django.contrib import admin

from apps.classroom.models import ClassroomSession


@admin.register(ClassroomSession)
class ClassroomSessionAdmin(admin.ModelAdmin):
    readonly_fields = ("uuid", "created_at")
    raw_id_fields = ("lesson",)
    list_display = ("uuid", "lesson", "created_at")
    search_fields = ("uuid", "lesson__title", "lesson__tutor__email", "lesson__student__email")
