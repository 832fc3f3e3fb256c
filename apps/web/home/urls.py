from django.urls import path

from apps.web.home import views

urlpatterns = [path("", views.home, name="home")]
