"""Check and store the pictures of a board."""

import errno
import os
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from apps.classroom.models import BoardFile
from apps.classroom.pictures import (
    CleanerBusy,
    DamagedPicture,
    Picture,
    PictureTooLarge,
    UnknownPicture,
    clean_picture_isolated,
)
from apps.classroom.upload_limits import check_free_space, check_quota, check_upload_rate
from apps.common.errors import DomainError, invalid, service_unavailable, storage_full

MAX_SIZE = 10 * 1024 * 1024  # bytes
MAX_FILES = 1000  # per room
_DISK_FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT}


def save_picture(
    *, session_id: int, tutor_id: int, person: str, upload: "UploadedFile[Any]"
) -> BoardFile:
    """Store a picture without its metadata.

    Raises `validation_error`, `payload_too_large`, `unsupported_media_type`, `throttled`,
    `service_unavailable` or `storage_full`.
    """
    size = upload.size or 0
    if size > MAX_SIZE:
        raise DomainError("payload_too_large", 413, _("A picture can be at most 10 MB."))
    check_upload_rate(person, size)
    check_free_space(size)
    picture = _clean(upload.read())
    file = BoardFile(
        session_id=session_id,
        person=person,
        mime_type=picture.mime_type,
        size=len(picture.data),
    )
    return _store(file, picture, tutor_id)


def _clean(data: bytes) -> Picture:
    try:
        return clean_picture_isolated(data)
    except CleanerBusy as exc:
        raise service_unavailable() from exc
    except UnknownPicture as exc:
        raise DomainError(
            "unsupported_media_type", 415, _("Choose a PNG, JPEG, WebP or GIF picture.")
        ) from exc
    except DamagedPicture as exc:
        raise invalid(file=_("This picture is damaged and cannot be shown.")) from exc
    except PictureTooLarge as exc:
        raise invalid(file=_("This picture has too many pixels. Make it smaller.")) from exc


def _store(file: BoardFile, picture: Picture, tutor_id: int) -> BoardFile:
    """Write the file before taking the lock; delete it again if its row is refused."""
    try:
        file.file.save(str(uuid.uuid4()), ContentFile(picture.data), save=False)
        _sync(Path(file.file.path))
    except OSError as exc:
        file.file.delete(save=False)
        if exc.errno in _DISK_FULL_ERRNOS:
            raise storage_full() from exc
        raise
    try:
        with transaction.atomic():
            check_quota(tutor_id, file.size)
            if BoardFile.objects.filter(session=file.session_id).count() >= MAX_FILES:
                raise invalid(file=_("This board has no room for more pictures."))
            file.save()
    except BaseException:
        file.file.delete(save=False)
        raise
    return file


def _sync(path: Path) -> None:
    """Make a file and the folders that lead to it survive a power cut, as its row will."""
    media = Path(settings.MEDIA_ROOT)
    for entry in (path, *(folder for folder in path.parents if folder.is_relative_to(media))):
        descriptor = os.open(entry, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
