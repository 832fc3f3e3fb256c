from django.urls import path

from apps.web.availability import calendars, views

urlpatterns = [
    path("settings/availability/", views.availability, name="availability"),
    path("settings/availability/dates/", views.add_date, name="availability-date"),
    path("settings/availability/dates/delete/", views.delete_date, name="availability-date-delete"),
    path("settings/external-calendars/", calendars.calendars, name="external-calendars"),
    path("settings/external-calendars/file/", calendars.upload, name="external-calendar-file"),
    path(
        "settings/external-calendars/<int:calendar_id>/delete/",
        calendars.delete,
        name="external-calendar-delete",
    ),
]
