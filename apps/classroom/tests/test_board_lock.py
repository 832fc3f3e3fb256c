"""Students cannot change locked parts of a board, whatever their client sends."""

import asyncio

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pycrdt import Map

from apps.classroom.models import ClassroomSession
from apps.classroom.realtime.board import yproto
from apps.classroom.realtime.server import registry
from apps.classroom.tests.boards import in_thread, stored
from apps.classroom.tests.clients import eventually

ELEMENT = {"version": 1}


async def set_drawing(tutor, drawing):
    await tutor.send("board.drawing", drawing=drawing)
    await wait_for_rules(tutor, lambda rules: rules["drawing"] == drawing)


async def lock_page(tutor, page, locked=True):
    await tutor.send("page.lock", page=page, locked=locked)
    await wait_for_rules(tutor, lambda rules: (page in rules["locked_pages"]) == locked)


async def wait_for_rules(client, matches):
    while not matches(rules := (await client.wait_for("board.rules"))["rules"]):
        pass
    return rules


async def wait_until_stored(live_room, elements):
    async with asyncio.timeout(20):  # the log is written a moment later
        while await in_thread(lambda: stored(live_room.lesson)) != elements:
            await asyncio.sleep(0.05)


@pytest.fixture
def tickets(live_room):
    return {role: live_room.ticket(getattr(live_room, role)) for role in ("tutor", "student")}


@pytest.fixture
def attack(live_room, tickets):
    """Draw `theirs` as the tutor and `own` as the student, lock something, attack as the student
    with a Yjs client that knows no locks, and check that the board is as before."""

    def run(lock, act, *, refused=True):
        async def scenario():
            async with (
                live_room.events(tickets["tutor"]) as tutor,
                live_room.board(tickets["tutor"]) as board,
            ):
                await tutor.wait_for("welcome")
                board.map["theirs"] = ELEMENT
                board.doc.get("pages", type=Map)["2"] = Map({"order": 2})
                board.doc.get("files", type=Map)["picture"] = {"url": "/a"}
                await board.drain()
                async with live_room.board(tickets["student"]) as student:
                    await eventually(lambda: "picture" in student.doc.get("files", type=Map))
                    student.map["own"] = ELEMENT
                    await student.drain()
                    await eventually(lambda: "own" in board.map)
                    await lock(tutor)
                    before = [board.doc.get(name, type=Map).to_py() for name in MAPS]
                    act(student)
                    if refused:
                        assert await student.close_code() == 4414
                    await student.drain()
                    board.map["later"] = ELEMENT  # the tutor goes on drawing
                    await board.drain()
                    del board.map["later"]
                    await board.drain()
                after = [board.doc.get(name, type=Map).to_py() for name in MAPS]
                assert (before == after) is refused
                async with live_room.board(tickets["student"]) as student:
                    await eventually(
                        lambda: [student.doc.get(name, type=Map).to_py() for name in MAPS] == after
                    )

        asyncio.run(scenario())

    return run


MAPS = "elements:1", "elements:2", "pages", "files"


def delete(key, name="elements:1"):
    def act(student):
        del student.doc.get(name, type=Map)[key]

    return act


def write(key, name="elements:1", value=ELEMENT):
    def act(student):
        student.doc.get(name, type=Map)[key] = {**value, "version": 2}

    return act


def own_only(tutor):
    return set_drawing(tutor, "own")


def existing(tutor):
    return set_drawing(tutor, "new")


def page(tutor):
    return lock_page(tutor, "1")


def whole(tutor):
    return set_drawing(tutor, "none")


LOCKS = [own_only, existing, page, whole]


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("act", [delete("theirs"), write("theirs")])
def test_student_cannot_change_what_is_locked(attack, lock, act):
    attack(lock, act)


@pytest.mark.parametrize("lock", LOCKS)
def test_student_cannot_replace_a_picture_of_a_locked_element(attack, lock):
    attack(lock, write("picture", "files"))


@pytest.mark.parametrize("lock", [own_only, existing, whole])
def test_student_cannot_remove_a_page_with_locked_elements(attack, lock):
    attack(lock, delete("2", "pages"))


@pytest.mark.parametrize("lock", [own_only, existing, whole])
def test_student_cannot_change_a_map_within_a_locked_entry(attack, lock):
    def act(student):
        student.doc.get("pages", type=Map)["2"]["order"] = 9

    attack(lock, act)


def test_student_changes_only_their_own(attack):
    attack(own_only, write("own"), refused=False)


def test_student_deletes_their_own(attack):
    attack(own_only, delete("own"), refused=False)


@pytest.mark.parametrize("lock", [existing, page, whole])
def test_student_cannot_change_their_own_where_it_is_locked(attack, lock):
    attack(lock, write("own"))


@pytest.mark.parametrize("lock", [own_only, existing])
def test_student_adds_elements(attack, lock):
    attack(lock, write("added"), refused=False)


@pytest.mark.parametrize("lock", [page, whole])
def test_student_adds_nothing_where_it_is_locked(attack, lock):
    attack(lock, write("added"))


def test_student_draws_on_other_pages_than_a_locked_one(attack):
    attack(page, write("added", "elements:2"), refused=False)


def test_student_cannot_move_a_locked_page(attack):
    attack(lambda tutor: lock_page(tutor, "2"), write("2", "pages"))


def test_own_elements_stay_own_on_another_connection_and_after_a_restart(live_room, tickets):
    async def scenario():
        async with live_room.board(tickets["tutor"]) as board:
            board.map["theirs"] = ELEMENT
            await board.drain()
        async with live_room.board(tickets["student"]) as student:
            student.map["own"] = ELEMENT
            await student.drain()
        await wait_until_stored(live_room, {"theirs": ELEMENT, "own": ELEMENT})
        async with live_room.events(tickets["tutor"]) as tutor:
            await tutor.wait_for("welcome")
            await set_drawing(tutor, "own")
        # The room is empty, so that it is opened again from the database.
        async with live_room.board(tickets["student"]) as student:
            student.map["own"] = {"version": 2}
            del student.map["theirs"]
            assert await student.close_code() == 4414
        await wait_until_stored(live_room, {"theirs": ELEMENT, "own": {"version": 2}})

    asyncio.run(scenario())


def test_welcome_says_which_client_ids_are_ones_own(live_room, tickets):
    async def scenario():
        async with live_room.events(tickets["tutor"]) as tutor:
            await tutor.wait_for("welcome")
            async with live_room.board(tickets["student"]) as student:
                student.map["own"] = ELEMENT
                await student.drain()
                await eventually(lambda: student.socket.close_code is None)
                await set_drawing(tutor, "own")
                async with live_room.events(tickets["student"]) as events:
                    rules = (await events.wait_for("welcome"))["room"]["board"]
                    assert rules["drawing"] == "own"
                    assert rules["clients"] == [student.doc.client_id]

    asyncio.run(scenario())


def test_elements_drawn_after_the_lock_can_be_changed(live_room, tickets):
    async def scenario():
        async with (
            live_room.events(tickets["tutor"]) as tutor,
            live_room.board(tickets["tutor"]) as board,
            live_room.board(tickets["student"]) as student,
        ):
            await tutor.wait_for("welcome")
            await set_drawing(tutor, "new")
            board.map["new"] = ELEMENT
            await eventually(lambda: "new" in student.map)
            del student.map["new"]
            await eventually(lambda: "new" not in board.map)
            board.map["kept"] = ELEMENT
            await eventually(lambda: "kept" in student.map)
            await set_drawing(tutor, "new")  # chosen again: until now
            del student.map["kept"]
            assert await student.close_code() == 4414
            assert "kept" in board.map

    asyncio.run(scenario())


def test_student_who_brings_nothing_new_stays_on_a_locked_board(live_room, tickets):
    async def scenario():
        async with live_room.events(tickets["tutor"]) as tutor:
            await tutor.wait_for("welcome")
            async with live_room.board(tickets["student"]) as student:
                student.map["kept"] = ELEMENT
                student.map["gone"] = ELEMENT
                del student.map["gone"]
                await student.drain()
                for drawing in ("none", "new", "own"):
                    await set_drawing(tutor, drawing)
                    whole = yproto.sync_frame(yproto.UPDATE, student.doc.get_update())
                    await student.socket.send(whole)
                    await student.drain()
                    assert student.socket.close_code is None

    asyncio.run(scenario())


def test_welcome_says_that_the_board_is_locked(live_room):
    """A process of the release before sets only this column."""
    ClassroomSession.objects.update(board_locked=True)
    ticket = live_room.ticket(live_room.student)

    async def scenario():
        async with live_room.events(ticket) as student:
            return await student.wait_for("welcome")

    assert asyncio.run(scenario())["room"]["board"]["drawing"] == "none"


def test_page_beyond_the_limit_of_locked_pages_is_refused(live_room, tickets):
    ClassroomSession.objects.update(locked_pages=[str(number) for number in range(500)])

    async def scenario():
        async with live_room.events(tickets["tutor"]) as tutor:
            await tutor.wait_for("welcome")
            await tutor.send("page.lock", page="one more", locked=True)
            error = await tutor.wait_for("error")
            await lock_page(tutor, "7", locked=False)
            await lock_page(tutor, "one more")
            return error

    error = asyncio.run(scenario())
    assert (error["code"], error["ref"]) == ("validation_error", "page.lock")
    assert "500" in error["detail"]


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("page.lock", {"page": "1", "locked": True}),
        ("lobby.admit", {"person": "u1"}),
        ("remove", {"person": "u99"}),
        ("end", {}),
    ],
)
def test_message_to_a_deleted_room_closes_as_no_room(
    live_room, tickets, type_, fields, monkeypatch
):
    monkeypatch.setattr(registry, "ACCESS_CHECK_INTERVAL", 60.0)

    def delete():
        ClassroomSession.objects.all().delete()
        live_room.lesson.delete()

    async def scenario():
        async with live_room.events(tickets["tutor"]) as tutor:
            await tutor.wait_for("welcome")
            await in_thread(delete)
            await tutor.send(type_, **fields)
            return await tutor.close_code()

    assert asyncio.run(scenario()) == 4404


@pytest.mark.django_db
def test_process_of_the_release_before_can_make_a_room():
    columns = "uuid, lobby_enabled, notes, created_at"
    values = ["8b57304d02ee4063914ad8cbacd4d596", True, "", timezone.now()]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO classroom_classroomsession ({columns}) VALUES (%s, %s, %s, %s)",
            values,
        )
    room = ClassroomSession.objects.get()
    assert (room.drawing, room.locked_pages, room.locked_items) == ("free", [], None)


@pytest.mark.django_db
@pytest.mark.parametrize(("drawing", "items"), [("new", None), ("own", b"\0"), ("any", None)])
def test_database_refuses_rules_that_contradict_each_other(drawing, items):
    with pytest.raises(IntegrityError), transaction.atomic():
        ClassroomSession.objects.create(drawing=drawing, locked_items=items)
