from django.urls import path

from apps.web.account import views

urlpatterns = [
    path("language/", views.language, name="language"),
    path("settings/", views.edit_settings, name="settings"),
]
