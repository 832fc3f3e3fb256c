from django.urls import path

from apps.web.personal_data import views

urlpatterns = [
    path("settings/data/", views.personal_data, name="personal-data"),
    path("settings/data/export/", views.export, name="personal-data-export"),
]
