from django.urls import path

from apps.web.students import invitation, views

urlpatterns = [
    path("students/", views.students, name="students"),
    path("students/new/", views.new, name="student-new"),
    path("students/export/", views.export, name="students-export"),
    path("students/invitation/", invitation.invitation, name="student-invitation"),
    path("students/invitation/<str:token>/", invitation.open_link, name="student-invitation-link"),
    path("students/<int:student_id>/", views.student, name="student"),
    path("students/<int:student_id>/edit/", views.edit, name="student-edit"),
    path("students/<int:student_id>/mail/", views.mail_link, name="student-mail"),
]
