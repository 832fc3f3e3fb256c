import pytest


@pytest.fixture
def invite(api):
    def post(classroom, email):
        return api(classroom.tutor).post(
            f"/api/classrooms/{classroom.pk}/members/", {"email": email}
        )

    return post


@pytest.fixture
def invite_by_mail(settings, mailoutbox, django_capture_on_commit_callbacks, invite):
    """Returns a function that invites with a mail server configured; it returns all mails sent."""
    settings.EMAIL_URL = "smtp://localhost"

    def post(classroom, email):
        with django_capture_on_commit_callbacks(execute=True):
            assert invite(classroom, email).status_code in (201, 429)
        return mailoutbox

    return post
