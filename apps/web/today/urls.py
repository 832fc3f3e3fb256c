from django.urls import path

from apps.web.today import views

urlpatterns = [path("today/", views.today, name="today")]
