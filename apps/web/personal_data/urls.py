from django.urls import path

from apps.web.personal_data import views

urlpatterns = [
    path("settings/data/", views.personal_data, name="personal-data"),
    path("settings/data/export/", views.export, name="personal-data-export"),
    path("settings/data/erase/", views.erase, name="personal-data-erase"),
    path("settings/data/keep/", views.keep, name="personal-data-keep"),
]
