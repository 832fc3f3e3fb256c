"""Security and cache headers of all responses."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

PATHS = [
    "/api/me/",
    "/api/lessons/1/",
    "/api/no-such-path/",
    "/healthz",
    "/api/docs/",
    "/admin/login/",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_response_has_security_headers(client, path):
    headers = client.get(path).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    # pdf.js decodes JPEG 2000 in WebAssembly.
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert len(headers["X-Request-ID"]) == 32


def test_refused_body_has_security_headers(client):
    response = client.post("/api/me/", b"x" * 2_000_000, content_type="application/json")
    assert response.status_code == 413
    assert response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_unknown_host_is_refused_in_json(client):
    response = client.get("/api/me/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert response.json()["error"] == "validation_error"
    assert "evil" not in response.content.decode()


def test_https_response_has_hsts_and_http_is_redirected(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31536000
    assert Client().get("/api/me/", secure=True)["Strict-Transport-Security"]
    plain = Client().get("/api/me/", headers={"X-Forwarded-Proto": "http"})
    assert plain.status_code == 301


@pytest.mark.parametrize("path", ["/", "/api/me/", "/accounts/login/"])
def test_missing_forwarded_proto_is_explained(settings, path):
    settings.SECURE_SSL_REDIRECT = True
    response = Client().get(path)
    assert response.status_code == 503
    for name in ("X-Forwarded-Proto", "TRUSTED_PROXIES", "PUBLIC_URL"):
        assert name in response.content.decode()


@pytest.mark.parametrize("sent", [{}, {"Sec-Fetch-Mode": "navigate"}])
def test_proxy_that_replaces_forwarded_proto_is_explained_instead_of_a_redirect_loop(
    settings, sent
):
    settings.SECURE_SSL_REDIRECT = True
    client, headers = Client(), {"X-Forwarded-Proto": "http", **sent}
    answers = [client.get("/accounts/login/", headers=headers) for _ in range(2)]
    assert answers[0].status_code == (503 if sent else 301)
    assert (answers[1].status_code, answers[1]["Retry-After"]) == (503, "60")
    assert "$http_x_forwarded_proto" in answers[1].content.decode()


def test_redirect_to_https_that_arrives_can_be_repeated(settings):
    settings.SECURE_SSL_REDIRECT = True
    client = Client()
    for _ in range(2):
        plain = client.get("/accounts/login/", headers={"X-Forwarded-Proto": "http"})
        assert plain.status_code == 301
        assert client.get("/accounts/login/", secure=True).status_code == 200


def test_api_responses_are_not_stored_in_caches(api, tutor):
    response = api(tutor).get("/api/me/")
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    ["/calendar/", "/students/", "/settings/", "/accounts/email/", "/_allauth/app/v1/config"],
)
def test_pages_of_signed_in_users_are_not_stored_in_caches(client, tutor, path):
    client.force_login(tutor)
    assert "no-store" in client.get(path)["Cache-Control"]


@pytest.mark.parametrize(
    ("secure", "source"), [(False, "ws://testserver"), (True, "wss://testserver")]
)
def test_pages_may_connect_to_this_server_only(client, secure, source):
    policy = client.get("/accounts/login/", secure=secure)["Content-Security-Policy"]
    assert f"connect-src 'self' {source};" in policy
