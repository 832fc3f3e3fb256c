"""Reasons to refuse a picture."""


class UnknownPicture(ValueError):
    """The file is in none of the four formats."""


class DamagedPicture(ValueError):
    """The file violates its format."""


class PictureTooLarge(ValueError):
    """The picture has more pixels than a browser should decode."""


class CleanerBusy(Exception):
    """The picture could not be cleaned now; the client may try again."""
