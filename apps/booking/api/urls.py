from django.urls import path

from apps.booking.api import views

urlpatterns = [
    path("me/availability/", views.AvailabilityView.as_view(), name="availability"),
    path("tutors/<int:tutor_id>/slots/", views.SlotsView.as_view(), name="tutor-slots"),
    path("tutors/<int:tutor_id>/bookings/", views.BookingsView.as_view(), name="bookings"),
    path("lessons/<int:lesson_id>/confirm/", views.ConfirmView.as_view(), name="lesson-confirm"),
    path("lessons/<int:lesson_id>/decline/", views.DeclineView.as_view(), name="lesson-decline"),
]
