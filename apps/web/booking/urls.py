from django.urls import path

from apps.web.booking import views

urlpatterns = [
    path("tutors/<int:tutor_id>/book/", views.book, name="book"),
    path("lessons/<int:lesson_id>/answer/", views.answer, name="lesson-answer"),
]
