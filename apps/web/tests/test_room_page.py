from apps.web.views.room import room_context


def test_participant_has_a_lesson_url_and_guest_has_none(lesson, tutor):
    member = room_context(lesson, user=tutor, invite=None, guest=False)
    guest = room_context(lesson, user=None, invite="token", guest=True, name="Ada")
    assert member["lessonUrl"] == f"/lessons/{lesson.pk}/"
    assert guest["lessonUrl"] == ""
    assert guest["user"] == {"name": "Ada"}


def test_room_uses_the_time_zone_of_the_account(lesson, tutor):
    tutor.timezone = "America/New_York"
    member = room_context(lesson, user=tutor, invite=None, guest=False)
    guest = room_context(lesson, user=None, invite="token", guest=True)
    assert [member["timeZone"], guest["timeZone"]] == ["America/New_York", None]


def test_stranger_is_forbidden_and_visitor_is_redirected_to_sign_in(client, lesson, stranger):
    address = f"/lessons/{lesson.pk}/room/"
    assert client.get(address).url == f"/accounts/login/?next={address}"
    client.force_login(stranger, "allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(address).status_code == 403
