from django.urls import path

from apps.web.feed import views

urlpatterns = [
    path("settings/calendar/", views.feed, name="feed"),
    path("settings/calendar/address/", views.rotate, name="feed-rotate"),
]
