from django.urls import path

from apps.web.lessons import cancelling, links, participants, record, scheduling, views

urlpatterns = [
    path("lessons/new/", scheduling.new, name="lesson-new"),
    path("lessons/<int:lesson_id>/", views.lesson, name="lesson"),
    path("lessons/<int:lesson_id>/record/", record.record, name="lesson-record"),
    path("lessons/<int:lesson_id>/edit/", views.edit, name="lesson-edit"),
    path("lessons/<int:lesson_id>/cancel/", cancelling.cancel, name="lesson-cancel"),
    path("lessons/<int:lesson_id>/outcome/", views.outcome, name="lesson-outcome"),
    path("lessons/<int:lesson_id>/students/", participants.students, name="lesson-students"),
    path(
        "lessons/<int:lesson_id>/students/<int:student_id>/",
        participants.student,
        name="lesson-student",
    ),
    path(
        "lessons/<int:lesson_id>/students/<int:student_id>/waive/",
        cancelling.waive_charge,
        name="lesson-waive",
    ),
    path("lessons/<int:lesson_id>/invite/", links.invite, name="lesson-invite"),
    path("lessons/<int:lesson_id>/invites/revoke/", links.revoke, name="lesson-revoke"),
]
