from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.views import APIView

from apps.accounts.requests import AuthenticatedRequest
from apps.common.json import json_response
from apps.common.openapi import documented, example
from apps.lessons.feed.address import feed_url, rotate_feed


@example(
    {"url": "https://school.example/feeds/7.0.MZzhmIRlKDYYx0TJnUyeeBPPz6yOqR1pkGIbAvcDkzI.ics"}
)
class FeedSerializer(serializers.Serializer[Any]):
    url = serializers.URLField(
        help_text="Whoever has this address can read the lessons, without signing in."
    )


class FeedView(APIView):
    @documented(
        "me_feed_retrieve",
        "Get the address of the calendar feed",
        {200: FeedSerializer},
        description="An iCalendar file of the person's lessons, from three months back, for other "
        "calendar programs to subscribe to.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        return json_response({"url": feed_url(request.user)})


class FeedRotateView(APIView):
    @documented(
        "me_feed_rotate",
        "Replace the address of the calendar feed",
        {200: FeedSerializer},
        description="The old address answers 404 from then on.",
    )
    def post(self, request: AuthenticatedRequest) -> HttpResponse:
        return json_response({"url": rotate_feed(request.user)})
