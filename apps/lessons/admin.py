from django.contrib import admin

from apps.lessons.models import Lesson


@admin.register(Lesson)
class LessonAdmin(admin.ModelAdmin):
    raw_id_fields = ("tutor", "student", "classroom")
    readonly_fields = ("created_at", "cancelled_at", "invite_generation")
    list_display = ("starts_at", "title", "tutor", "student", "status")
    list_filter = ("status",)
    list_select_related = ("tutor", "student")
    search_fields = ("title", "tutor__email", "student__email", "student__last_name")
    date_hierarchy = "starts_at"
