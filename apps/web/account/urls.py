from django.urls import path

from apps.web.account import views

urlpatterns = [
    path("tutor-invitation/<str:token>/", views.open_tutor_link, name="tutor-invitation-link"),
    path("privacy/", views.privacy, name="privacy"),
    path("school-logo/<str:version>/", views.logo, name="school-logo"),
    path("language/", views.language, name="language"),
    path("settings/", views.edit_settings, name="settings"),
    path("settings/blocked-tutors/", views.blocked_tutors, name="blocked-tutors"),
]
