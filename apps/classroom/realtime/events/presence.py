"""Who is connected to a room, in this process and in the others.

Each process tells its whole list whenever it changes and every few seconds, so a lost message
heals by itself, and a process that falls silent takes its people with it.
"""

import time
from collections.abc import Callable, Iterator
from uuid import UUID

from msgspec import Struct

from apps.classroom.realtime.events.protocol import Peer, Waiting

HEARTBEAT_TIMEOUT = 6.0  # seconds without a word after which a process is taken for dead


class Present(Struct, frozen=True):
    peer: Peer
    waiting: bool = False


class Changes(Struct, frozen=True):
    joined: list[Peer]
    changed: list[Peer]
    left: list[UUID]
    lobby: bool  # whether who waits is not who waited before


OnChange = Callable[[Changes], None]


class Presence:
    def __init__(self, tell: OnChange) -> None:
        self._notify = tell
        self.local: dict[UUID, Present] = {}
        self._remote: dict[str, dict[UUID, Present]] = {}
        self._last_heartbeat: dict[str, float] = {}

    def set(self, present: Present) -> None:
        before = dict(self.local)
        self.local[present.peer.peer] = present
        self._notify_changes(before, self.local)

    def remove(self, peer: UUID) -> Present | None:
        before = dict(self.local)
        gone = self.local.pop(peer, None)
        self._notify_changes(before, self.local)
        return gone

    def update_process(self, process: str, peers: list[Present]) -> None:
        before = self._remote.get(process, {})
        after = {present.peer.peer: present for present in peers}
        self._last_heartbeat[process] = time.monotonic()
        self._remote[process] = after
        self._notify_changes(before, after)

    def reset_heartbeats(self) -> None:
        """After an outage: nobody could be heard, so the silence starts anew."""
        self._last_heartbeat = dict.fromkeys(self._last_heartbeat, time.monotonic())

    def expire_dead_processes(self) -> list[str]:
        """The processes that have fallen silent; their people have left."""
        limit = time.monotonic() - HEARTBEAT_TIMEOUT
        dead = [process for process, heard in self._last_heartbeat.items() if heard < limit]
        for process in dead:
            del self._last_heartbeat[process]
            self._notify_changes(self._remote.pop(process, {}), {})
        return dead

    def find(self, peer: UUID) -> Present | None:
        return next((p for p in self._all() if p.peer.peer == peer), None)

    def peers(self, but: UUID | None = None) -> list[Peer]:
        return [p.peer for p in self._all() if not p.waiting and p.peer.peer != but]

    def waiting(self) -> list[Waiting]:
        """Each person once, in how many tabs they may wait."""
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
        waited = {key for key, p in before.items() if p.waiting}
        waits = {key for key, p in after.items() if p.waiting}
        changes = Changes(
            joined=[peer for key, peer in now.items() if key not in was],
            changed=[peer for key, peer in now.items() if key in was and was[key] != peer],
            left=[key for key in was if key not in now],
            lobby=waited != waits,
        )
        if changes.joined or changes.changed or changes.left or changes.lobby:
            self._notify(changes)
