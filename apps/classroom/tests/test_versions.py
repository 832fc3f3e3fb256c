"""Versions of a board: compressed, thinned out with age, readable in both formats."""

import asyncio
from datetime import UTC, datetime, timedelta

from apps.classroom import board_log
from apps.classroom.models import BoardVersion
from apps.classroom.tests.boards import content, drawing, in_thread, stored
from apps.classroom.versions import save_version, thin_out, version_updates

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_versions_are_compressed(lesson):
    updates = [
        drawing(**{f"e{n}": {"type": "rectangle", "x": n, "version": 1} for n in range(500)})
    ]
    save_version(lesson.session.pk, updates, now=NOW, at_least=timedelta())
    version = BoardVersion.objects.get()
    assert version_updates(version) == updates
    assert len(version.packed) < len(updates[0]) / 3


def test_version_is_saved_after_the_clock_was_set_back(lesson):
    interval = timedelta(seconds=30)
    for now in (NOW + timedelta(days=400), NOW, NOW + timedelta(seconds=29)):
        save_version(lesson.session.pk, [drawing(a={"x": 1})], now=now, at_least=interval)
    assert BoardVersion.objects.count() == 2


def test_old_versions_are_thinned_out(lesson):
    ages = [timedelta(minutes=3 * n) for n in range(20)]
    ages += [timedelta(hours=2, minutes=3 * n) for n in range(100)]
    ages += [timedelta(days=2, minutes=10 * n) for n in range(60)]
    ages += [timedelta(days=60, hours=n) for n in range(100)]
    for age in sorted(ages, reverse=True):
        version = BoardVersion.objects.create(session=lesson.session, packed=b"x")
        BoardVersion.objects.filter(pk=version.pk).update(created_at=NOW - age)
    thin_out(lesson.session.pk, NOW)
    left = [NOW - at for at in BoardVersion.objects.values_list("created_at", flat=True)]
    assert set(ages[:20]) <= set(left)
    assert 30 <= len([age for age in left if timedelta(hours=1) < age < timedelta(days=1)]) <= 32
    assert 10 <= len([age for age in left if timedelta(days=1) < age < timedelta(days=30)]) <= 12
    assert 4 <= len([age for age in left if age > timedelta(days=30)]) <= 6
    thin_out(lesson.session.pk, NOW)
    assert BoardVersion.objects.count() == len(left)


def test_versions_of_both_formats_can_be_read_and_restored(live_room):
    old = BoardVersion.objects.create(session=live_room.session, state=drawing(a={"version": 1}))
    parts = [drawing(b={"version": 1}), drawing(c={"version": 1})]
    save_version(live_room.session.pk, parts, now=NOW, at_least=timedelta())
    new = BoardVersion.objects.exclude(pk=old.pk).get()
    url = f"/api/classroom/sessions/{live_room.uuid}/history/"
    for version, names in ((old, {"a"}), (new, {"b", "c"})):
        assert (
            set(content(live_room.api(live_room.tutor).get(f"{url}{version.pk}/").content)) == names
        )
        response = live_room.api(live_room.tutor).post(f"{url}{version.pk}/restore/")
        assert response.status_code == 204
        live = {key for key, one in stored(live_room.lesson).items() if not one.get("isDeleted")}
        assert live == names


def test_undrawable_elements_are_not_restored(live_room):
    bad = {"type": "frame", "name": {"a": 1}, "version": 1}
    old = BoardVersion.objects.create(
        session=live_room.session, state=drawing(good={"version": 1}, bad=bad)
    )
    url = f"/api/classroom/sessions/{live_room.uuid}/history/{old.pk}/restore/"
    assert live_room.api(live_room.tutor).post(url).status_code == 204
    assert set(stored(live_room.lesson)) == {"good"}


def test_board_left_by_crash_is_saved_as_version_on_opening(lesson, live_room):
    board_log.append({lesson.session.pk: [drawing(a=1)]})
    ticket = live_room.ticket(live_room.tutor)

    async def scenario():
        async with live_room.board(ticket) as a:
            versions = await in_thread(lambda: list(BoardVersion.objects.all()))
            assert [content(version_updates(version)[0]) for version in versions] == [{"a": 1}]
            del a.map["a"]

    asyncio.run(scenario())
