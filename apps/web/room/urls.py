from django.urls import path

from apps.web.room import views

urlpatterns = [
    path("lessons/<int:lesson_id>/room/", views.room_page, name="room"),
    path("lessons/<int:lesson_id>/board/", views.board_page, name="lesson-board"),
]
