"""Pictures on a board: what they may be, and keeping them."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from apps.classroom.models import BoardFile
from apps.common.errors import DomainError, invalid

MAX_SIZE = 10 * 1024 * 1024
MAX_FILES = 1000  # a room
# Pictures that browsers show and that carry no script; PDF pages are rendered in the browser.
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


def picture_type(head: bytes) -> str | None:
    """By its first bytes; what the sender calls it is nobody's business."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _BEGINNINGS.items() if head.startswith(start)), None)


def keep_picture(*, session_id: int, person: str, upload: "UploadedFile[Any]") -> BoardFile:
    """Raises `validation_error`, `payload_too_large` or `unsupported_media_type`."""
    size = upload.size or 0
    if size > MAX_SIZE:
        raise DomainError("payload_too_large", 413, _("A picture may have at most 10 MiB."))
    kind = picture_type(upload.read(16))
    upload.seek(0)
    if kind is None:
        raise DomainError(
            "unsupported_media_type", 415, _("Only PNG, JPEG, WebP and GIF pictures, please.")
        )
    if BoardFile.objects.filter(session=session_id).count() >= MAX_FILES:
        raise invalid(file=_("This board holds as many pictures as it can."))
    return BoardFile.objects.create(
        session_id=session_id, person=person, file=upload, mime_type=kind, size=size
    )
