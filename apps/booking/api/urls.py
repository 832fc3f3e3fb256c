from django.urls import path

from apps.booking.api import calendar_views, views

urlpatterns = [
    path("me/availability/", views.AvailabilityView.as_view(), name="availability"),
    path(
        "me/external-calendars/",
        calendar_views.ExternalCalendarsView.as_view(),
        name="external-calendars",
    ),
    path(
        "me/external-calendars/<int:calendar_id>/",
        calendar_views.ExternalCalendarView.as_view(),
        name="external-calendar",
    ),
    path("tutors/<int:tutor_id>/slots/", views.SlotsView.as_view(), name="tutor-slots"),
    path("tutors/<int:tutor_id>/bookings/", views.BookingsView.as_view(), name="bookings"),
    path("lessons/<int:lesson_id>/confirm/", views.ConfirmView.as_view(), name="lesson-confirm"),
    path("lessons/<int:lesson_id>/decline/", views.DeclineView.as_view(), name="lesson-decline"),
]
