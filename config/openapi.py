"""The OpenAPI document's title, description, tags and settings; views describe the operations."""

from typing import Any

DESCRIPTION = """\
Lessons, classrooms and live rooms of a tutoring school.

**Signing in.** `POST /_allauth/app/v1/auth/signup` and `POST /_allauth/app/v1/auth/login` (the
headless API of django-allauth) return an `access_token` in `meta`; send it as
`Authorization: Bearer <access_token>`. A browser may use its session cookie instead; unsafe methods
then need the CSRF token in `X-CSRFToken`.

**Errors** have one shape, `ApiError`: `error` is a stable code for programs, `detail` a sentence
for people. The code `validation_error` adds `fields`. Any operation may answer 500 with the code
`server_error`.

**Times** are ISO 8601 with an offset; responses are in UTC. In a request, `null` for an optional
field means the same as leaving it out. Every path works with and without its trailing slash.

**Texts** are stored without invisible characters and direction controls. `maxLength` is the limit
of what is stored; what is sent may be longer by such characters, up to four times.

**Compatibility.** Later releases may add operations, fields and error codes; a client ignores those
that it does not know.
"""

# An operation's tag is the prefix of its operation id.
TAGS = {
    "me": "The signed-in person.",
    "my_students": "The students of a tutor, over all classrooms.",
    "classrooms": "Groups of students of one tutor, their join codes and members.",
    "memberships": "A student's place in a classroom: invitations, pauses, departures.",
    "students": "A student as their tutor sees them, also before the student has signed up.",
    "accounts": "What a student has paid a tutor and what was charged, entry by entry.",
    "lessons": "Lessons between a tutor and a student, and the calendar.",
    "lesson_series": "Lessons that repeat by a rule, made and checked together.",
    "lesson_changes": "Changes of lessons that a tutor can still take back.",
    "lesson_invites": "Links by which somebody else enters the room of a lesson.",
    "tutors": "The times at which a tutor can be booked, and bookings of students.",
    "room": "The live room of a lesson: its pictures, board versions, notes, attendance and chat.",
}


def document_settings(public_url: str) -> dict[str, Any]:
    """Return drf-spectacular's settings for the installation at `public_url`."""
    return {
        "TITLE": "Kreida",
        "DESCRIPTION": DESCRIPTION,
        "VERSION": "0.32",
        "LICENSE": {"name": "MIT", "identifier": "MIT"},
        "SERVERS": [
            {"url": public_url, "description": "This installation"},
            {"url": "/", "description": "The host that the document came from"},
        ],
        "TAGS": [{"name": name, "description": text} for name, text in TAGS.items()],
        "OAS_VERSION": "3.1.1",
        "SERVE_INCLUDE_SCHEMA": False,
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
        "COMPONENT_SPLIT_REQUEST": True,
        "COMPONENT_SPLIT_PATCH": False,
        "DISABLE_DOCSTRING_DESCRIPTIONS": True,
        "ENUM_NAME_OVERRIDES": {
            "AccountRole": "apps.accounts.models.User.Role",
            "Locale": "apps.accounts.models.User.Locale",
            "RoomRole": ["tutor", "student", "guest"],
            "NoFault": ["illness", "power_cut", "air_alert", "other"],
            "LessonStatus": "apps.lessons.models.lesson.Lesson.Status",
            "MembershipRole": "apps.classrooms.models.membership.Membership.Role",
            "MembershipStatus": "apps.classrooms.models.membership.Membership.Status",
            "MembershipStatusChange": ["active", "paused", "removed"],
        },
        "POSTPROCESSING_HOOKS": [
            "drf_spectacular.hooks.postprocess_schema_enums",
            "apps.common.openapi.describe_path_parameters",
            "apps.common.openapi.share_error_responses",
        ],
    }
