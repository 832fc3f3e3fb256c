from django.urls import path

from apps.web.notifications import views

urlpatterns = [
    path("settings/notifications/", views.edit_notifications, name="notifications"),
    path("settings/notifications/telegram/", views.link_telegram, name="telegram-link"),
    path("settings/notifications/telegram/end/", views.unlink_telegram, name="telegram-unlink"),
    path("unsubscribe/", views.confirm_unsubscribing, name="unsubscribe"),
    path("unsubscribe/<str:token>/", views.unsubscribe_link, name="unsubscribe-link"),
]
