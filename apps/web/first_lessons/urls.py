from django.urls import path

from apps.web.first_lessons import public, tutors

urlpatterns = [
    path("t/<slug:slug>/", public.page, name="tutor-page"),
    path("t/<slug:slug>/ask/", public.ask, name="first-lesson-ask"),
    path("t/<slug:slug>/sent/", public.sent, name="first-lesson-sent"),
    path("settings/booking-page/", tutors.edit_page, name="booking-page"),
    path("first-lessons/<int:request_id>/", tutors.answer, name="first-lesson"),
]
