from django.urls import path

from apps.accounts.api.views import BlockedTutorsView, BlockedTutorView, MeView
from apps.accounts.notifications.push_views import PushSubscriptionView, PushTestView
from apps.accounts.notifications.views import NotificationSettingsView

urlpatterns = [
    path("me/", MeView.as_view(), name="me"),
    path("me/notifications/", NotificationSettingsView.as_view(), name="notification-settings"),
    path("me/push/", PushSubscriptionView.as_view(), name="push-subscription"),
    path("me/push/test/", PushTestView.as_view(), name="push-test"),
    path("me/blocked-tutors/", BlockedTutorsView.as_view(), name="blocked-tutors"),
    path("me/blocked-tutors/<int:tutor_id>/", BlockedTutorView.as_view(), name="blocked-tutor"),
]
