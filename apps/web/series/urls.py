from django.urls import path

from apps.web.series import new, views

urlpatterns = [
    path("series/new/", new.new, name="series-new"),
    path("series/<int:series_id>/", views.series, name="series"),
    path("series/<int:series_id>/board/", views.board, name="series-board"),
    path("series/<int:series_id>/restart/", new.restart, name="series-restart"),
    path("lessons/<int:lesson_id>/changes/", views.changes, name="lesson-changes"),
    path("lesson-changes/<int:change_id>/undo/", views.undo_change, name="lesson-undo"),
]
