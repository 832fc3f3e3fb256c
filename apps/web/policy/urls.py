from django.urls import path

from apps.web.policy import views

urlpatterns = [
    path("settings/cancellation-policy/", views.policy_settings, name="cancellation-policy"),
    path("tutors/<int:tutor_id>/policy/", views.tutor_policy, name="tutor-policy"),
]
