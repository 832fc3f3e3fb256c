from django.urls import path

from apps.web.notifications import views

urlpatterns = [
    path("settings/notifications/", views.edit_notifications, name="notifications"),
    path("unsubscribe/", views.confirm_unsubscribing, name="unsubscribe"),
    path("unsubscribe/<str:token>/", views.unsubscribe_link, name="unsubscribe-link"),
]
