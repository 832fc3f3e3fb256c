from django.urls import path

from apps.booking.api import views

urlpatterns = [
    path("me/availability/", views.AvailabilityView.as_view(), name="availability"),
    path("tutors/<int:tutor_id>/slots/", views.SlotsView.as_view(), name="tutor-slots"),
]
