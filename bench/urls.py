from django.urls import include, path

from bench.controls import ordinary, raw

urlpatterns = [
    path("", include("config.urls")),
    path("bench/raw/", include(raw.urlpatterns)),
    path("bench/ordinary/", include(ordinary.urlpatterns)),
]
