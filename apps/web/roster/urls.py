from django.urls import path

from apps.web.roster import views

urlpatterns = [
    path("students/import/", views.upload, name="roster"),
    path("students/import/preview/", views.preview, name="roster-preview"),
    path("students/import/confirm/", views.confirm, name="roster-confirm"),
]
