"""The uploaded roster, which is kept in the session until it is confirmed."""

import base64
import secrets
import zlib
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest

from apps.accounts.models import User
from apps.classrooms.models import Classroom
from apps.classrooms.policies import access_classroom

SESSION_KEY = "roster-file"
CLAIM_SECONDS = 86400


@dataclass(frozen=True, slots=True)
class Upload:
    """`classroom_id` is None for a new classroom called `name`."""

    id: str
    classroom_id: int | None
    name: str
    data: bytes

    def target_classroom(self, tutor: User) -> Classroom:
        """The chosen classroom, or a new one that is not saved yet."""
        if self.classroom_id:
            return access_classroom(tutor, self.classroom_id)
        return Classroom(tutor=tutor, name=self.name)

    def claim_once(self) -> bool:
        """False if it was confirmed before; a double click reads the session twice."""
        return cache.add(f"roster-{self.id}", True, CLAIM_SECONDS)


def store_upload(
    request: HttpRequest, *, data: bytes, classroom: Classroom | None, name: str
) -> None:
    request.session[SESSION_KEY] = {
        "id": secrets.token_urlsafe(12),
        "classroom": classroom.pk if classroom else None,
        "name": name,
        "file": base64.b64encode(zlib.compress(data)).decode(),
    }


def load_upload(request: HttpRequest) -> Upload | None:
    stored = request.session.get(SESSION_KEY)
    if stored is None:
        return None
    data = zlib.decompress(base64.b64decode(stored["file"]))
    return Upload(stored["id"], stored["classroom"], stored["name"], data)


def delete_upload(request: HttpRequest) -> None:
    del request.session[SESSION_KEY]
