from django.http import HttpResponse
from rest_framework.views import APIView

from apps.accounts.authentication import get_session_key
from apps.accounts.notifications import push_test
from apps.accounts.notifications.serializers import (
    PushSubscribeSerializer,
    PushSubscriptionSerializer,
)
from apps.accounts.notifications.subscriptions import (
    find_subscription,
    subscribe,
    unsubscribe,
)
from apps.accounts.notifications.vapid import public_key
from apps.accounts.requests import AuthenticatedRequest
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.rate_limits import check_rate_limit


def _subscription_response(request: AuthenticatedRequest) -> HttpResponse:
    found = find_subscription(request.user, get_session_key(request))
    return json_response({"public_key": public_key(), "subscribed": found is not None})


class PushSubscriptionView(APIView):
    @documented(
        "me_push_retrieve",
        "Get the key of push messages",
        {200: PushSubscriptionSerializer},
        description="A browser subscribes with this key (Push API, RFC 8292).",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        return _subscription_response(request)

    @documented(
        "me_push_update",
        "Have reminders shown by this browser",
        {200: PushSubscriptionSerializer},
        body=PushSubscribeSerializer,
        description=(
            "A session has one subscription, which replaces its former one and ends with it. The "
            "push service must have a public https address."
        ),
    )
    def put(self, request: AuthenticatedRequest) -> HttpResponse:
        data = PushSubscribeSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        subscribe(
            user=request.user,
            session_key=get_session_key(request),
            endpoint=data.validated_data["endpoint"],
            **data.validated_data["keys"],
        )
        return _subscription_response(request)

    @documented(
        "me_push_destroy",
        "End the reminders of this browser",
        {204: None},
        description="Does nothing if the session has no subscription.",
    )
    def delete(self, request: AuthenticatedRequest) -> HttpResponse:
        unsubscribe(user=request.user, session_key=get_session_key(request))
        return HttpResponse(status=204)


class PushTestView(APIView):
    @documented(
        "me_push_test",
        "Show a test message in this browser",
        {204: None},
        description="It is sent after the response.",
        errors=["not_found"],
    )
    def post(self, request: AuthenticatedRequest) -> HttpResponse:
        check_rate_limit(request, "push-test")
        push_test.start(request.user, get_session_key(request))
        return HttpResponse(status=204)
