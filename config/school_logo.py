"""The school's logo, cleaned like a picture of a board."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from apps.classroom.pictures import Picture, PictureTooLarge, clean_picture
from config.environment import setting_error, text

MAX_SIZE = 256 * 1024  # bytes; it is on every page


@dataclass(frozen=True)
class SchoolLogo:
    picture: Picture
    version: str  # a digest, so that browsers can cache the picture for ever

    @property
    def url(self) -> str:
        return f"/school-logo/{self.version}/"

    @property
    def width(self) -> int:
        return self.picture.width

    @property
    def height(self) -> int:
        return self.picture.height


def school_logo() -> SchoolLogo | None:
    path = text("LOGO_FILE")
    if not path:
        return None
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_SIZE + 1)
        if len(data) > MAX_SIZE:
            raise PictureTooLarge
        picture = clean_picture(data)
    except (OSError, ValueError) as exc:
        expected = "the path of a PNG, JPEG, WebP or GIF picture of at most 256 KB"
        raise setting_error("LOGO_FILE", expected, path) from exc
    return SchoolLogo(picture, hashlib.sha256(picture.data).hexdigest()[:16])
