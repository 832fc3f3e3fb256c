"""Presence: the peers connected to a room, in this process and in the others.

Each process sends its whole list of peers when it changes and every few seconds, so that a lost
message is made up for. The peers of a process that sends nothing are removed.
"""

import time
from collections.abc import Callable, Iterator
from uuid import UUID

from msgspec import Struct

from apps.classroom.realtime.events.protocol import Peer, Waiting

HEARTBEAT_TIMEOUT = 6.0  # seconds without a heartbeat after which a process is considered dead


class Present(Struct, frozen=True):
    peer: Peer
    waiting: bool = False


class Changes(Struct, frozen=True):
    joined: list[Peer]
    changed: list[Peer]
    left: list[UUID]
    lobby: bool  # whether the waiting peers changed


OnChange = Callable[[Changes], None]


class Presence:
    def __init__(self, notify: OnChange) -> None:
        self._notify = notify
        self.local: dict[UUID, Present] = {}
        self._remote: dict[str, dict[UUID, Present]] = {}
        self._last_heartbeat: dict[str, float] = {}

    def set(self, present: Present) -> None:
        before = dict(self.local)
        self.local[present.peer.peer] = present
        self._notify_changes(before, self.local)

    def remove(self, peer: UUID) -> Present | None:
        before = dict(self.local)
        removed = self.local.pop(peer, None)
        self._notify_changes(before, self.local)
        return removed

    def update_process(self, process: str, peers: list[Present]) -> None:
        before = self._remote.get(process, {})
        after = {present.peer.peer: present for present in peers}
        self._last_heartbeat[process] = time.monotonic()
        self._remote[process] = after
        self._notify_changes(before, after)

    def reset_heartbeats(self) -> None:
        """Restart every heartbeat timeout, since none could arrive during an outage of Redis."""
        self._last_heartbeat = dict.fromkeys(self._last_heartbeat, time.monotonic())

    def expire_dead_processes(self) -> list[str]:
        """Remove processes whose heartbeat timed out, with their peers; return their ids."""
        limit = time.monotonic() - HEARTBEAT_TIMEOUT
        dead = [process for process, last in self._last_heartbeat.items() if last < limit]
        for process in dead:
            del self._last_heartbeat[process]
            self._notify_changes(self._remote.pop(process, {}), {})
        return dead

    def find(self, peer: UUID) -> Present | None:
        return next((p for p in self._all() if p.peer.peer == peer), None)

    def peers(self, exclude: UUID | None = None) -> list[Peer]:
        return [p.peer for p in self._all() if not p.waiting and p.peer.peer != exclude]

    def waiting(self) -> list[Waiting]:
        """Return each waiting person once, however many tabs they have open."""
        people = {p.peer.person: p.peer.name for p in self._all() if p.waiting}
        return [Waiting(person, name) for person, name in people.items()]

    def name_of(self, person: str) -> str:
        return next((p.peer.name for p in self._all() if p.peer.person == person), "")

    def _all(self) -> Iterator[Present]:
        yield from self.local.values()
        for peers in self._remote.values():
            yield from peers.values()

    def _notify_changes(self, before: dict[UUID, Present], after: dict[UUID, Present]) -> None:
        was = {key: p.peer for key, p in before.items() if not p.waiting}
        now = {key: p.peer for key, p in after.items() if not p.waiting}
        waiting_before = {key for key, p in before.items() if p.waiting}
        waiting_after = {key for key, p in after.items() if p.waiting}
        changes = Changes(
            joined=[peer for key, peer in now.items() if key not in was],
            changed=[peer for key, peer in now.items() if key in was and was[key] != peer],
            left=[key for key in was if key not in now],
            lobby=waiting_before != waiting_after,
        )
        if changes.joined or changes.changed or changes.left or changes.lobby:
            self._notify(changes)
