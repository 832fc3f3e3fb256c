from django.urls import path

from apps.web.pwa import views

urlpatterns = [
    path("manifest.webmanifest/", views.manifest, name="manifest"),
    path("service-worker.js/", views.service_worker, name="service-worker"),
    path("offline/", views.offline, name="offline"),
]
