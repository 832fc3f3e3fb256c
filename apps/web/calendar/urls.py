from django.urls import path

from apps.web.calendar import views

urlpatterns = [path("calendar/", views.calendar, name="calendar")]
