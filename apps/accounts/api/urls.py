from django.urls import path

from apps.accounts.api.views import BlockedTutorsView, BlockedTutorView, MeView

urlpatterns = [
    path("me/", MeView.as_view(), name="me"),
    path("me/blocked-tutors/", BlockedTutorsView.as_view(), name="blocked-tutors"),
    path("me/blocked-tutors/<int:tutor_id>/", BlockedTutorView.as_view(), name="blocked-tutor"),
]
