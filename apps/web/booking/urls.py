from django.urls import path

from apps.web.booking import answers, hours, views

urlpatterns = [
    path("tutors/<int:tutor_id>/book/", views.book, name="book"),
    path("tutors/<int:tutor_id>/book/held/", views.hold, name="book-hold"),
    path("lessons/<int:lesson_id>/move/", views.move, name="lesson-move"),
    path("lessons/<int:lesson_id>/answer/", answers.answer, name="lesson-answer"),
    path("settings/hours/", hours.edit_hours, name="lesson-hours"),
]
