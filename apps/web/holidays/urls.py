from django.urls import path

from apps.web.holidays import views

urlpatterns = [
    path("settings/holidays/", views.holidays, name="holidays"),
    path("settings/holidays/<int:holiday_id>/delete/", views.delete, name="holiday-delete"),
]
