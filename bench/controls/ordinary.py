"""Control (b), ordinary Django REST framework: ModelSerializer, generic views, `select_related`,
`prefetch_related` and LimitOffsetPagination.

Writes use the product's own policies and services; only reading and serializing differ.
"""

from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import path
from django.utils import timezone
from rest_framework import generics, serializers
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import User
from apps.classroom.services import get_or_create_session
from apps.classrooms.models import Classroom, Membership
from apps.common.text import contains_all_words
from apps.lessons import services
from apps.lessons.api.serializers import LessonCreateSerializer
from apps.lessons.invites import make_invite, read_invite
from apps.lessons.models import Lesson, Participant
from apps.lessons.policies import Action, access_lesson


class PersonSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "first_name", "last_name")


class ParticipantSerializer(serializers.ModelSerializer[Participant]):
    id = serializers.IntegerField(source="student.id")
    first_name = serializers.CharField(source="student.first_name")
    last_name = serializers.CharField(source="student.last_name")

    class Meta:
        model = Participant
        fields = ("id", "first_name", "last_name", "status")


class LessonSerializer(serializers.ModelSerializer[Lesson]):
    tutor = PersonSerializer()
    student = PersonSerializer()
    students = ParticipantSerializer(source="participants", many=True)
    session_uuid = serializers.UUIDField(source="session.uuid")
    series_id = serializers.ReadOnlyField(default=None)
    original_starts_at = serializers.ReadOnlyField(default=None)

    class Meta:
        model = Lesson
        fields = (
            "id",
            "title",
            "starts_at",
            "ends_at",
            "status",
            "tutor",
            "student",
            "students",
            "classroom_id",
            "session_uuid",
            "series_id",
            "original_starts_at",
        )


class ClassroomSerializer(serializers.ModelSerializer[Classroom]):
    class Meta:
        model = Classroom
        fields = ("id", "name")


class StudentSerializer(serializers.ModelSerializer[User]):
    classrooms = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ("id", "first_name", "last_name", "email", "classrooms")

    def get_classrooms(self, student: User) -> Any:
        shared = [membership.classroom for membership in student.shared]
        return ClassroomSerializer(shared, many=True).data


class Page(LimitOffsetPagination):
    default_limit, max_limit = 20, 100

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"count": self.count, "results": data})


class LessonsView(generics.ListCreateAPIView):
    serializer_class = LessonSerializer

    def get_queryset(self) -> QuerySet[Lesson]:
        return Lesson.objects.with_people().select_related("student", "session")

    def list(self, request: Request) -> Response:
        start, end = (datetime.fromisoformat(request.query_params[n]) for n in ("from", "to"))
        mine = self.get_queryset().of(request.user)
        lessons = mine.between(start, end).not_cancelled().in_order()
        return Response({"results": self.get_serializer(lessons, many=True).data})

    def create(self, request: Request) -> Response:
        data = LessonCreateSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        lesson = services.schedule_lesson(tutor=request.user, **data.validated_data)
        lesson = self.get_queryset().get(pk=lesson.pk)
        return Response(self.get_serializer(lesson).data, 201)


class RoomView(APIView):
    def get(self, request: Request, lesson_id: int) -> Response:
        lesson = access_lesson(request.user, lesson_id, to=Action.ENTER)
        session = get_or_create_session(lesson_id=lesson.pk)
        return Response({"lesson_id": lesson.pk, "session_uuid": session.uuid})


class InviteView(APIView):
    def post(self, request: Request, lesson_id: int) -> Response:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        invite = make_invite(lesson=lesson, now=timezone.now())
        body = {"invite_url": invite.url, "expires_at": invite.expires_at, "token": invite.token}
        return Response(body)


class ResolveView(APIView):
    def get(self, request: Request) -> Response:
        lesson = read_invite(request.query_params["token"]).lesson
        session = get_or_create_session(lesson_id=lesson.pk)
        return Response({"lesson_id": lesson.pk, "session_uuid": session.uuid})


class MyStudentsView(generics.ListAPIView):
    serializer_class = StudentSerializer
    pagination_class = Page

    def get_queryset(self) -> QuerySet[User]:
        shared = Membership.objects.active().taught_by(self.request.user)
        in_order = shared.select_related("classroom").order_by("classroom__name", "classroom_id")
        return (
            User.objects.filter(pk__in=shared.values("student"))
            .filter(contains_all_words(self.request.query_params.get("q", ""), "search_text"))
            .prefetch_related(Prefetch("memberships", in_order, to_attr="shared"))
            .order_by("sort_key", "id")
        )


urlpatterns = [
    path("lessons/", LessonsView.as_view()),
    path("lessons/<int:lesson_id>/room/", RoomView.as_view()),
    path("lessons/<int:lesson_id>/invite/", InviteView.as_view()),
    path("lesson-invites/resolve/", ResolveView.as_view()),
    path("classroom/my-students/", MyStudentsView.as_view()),
]
