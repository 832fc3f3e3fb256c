from django.urls import path

from apps.web.students import views

urlpatterns = [
    path("students/", views.students, name="students"),
    path("students/export/", views.export, name="students-export"),
]
