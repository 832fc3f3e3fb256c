"""Why a picture is refused."""


class UnknownPicture(ValueError):
    """None of the four formats."""


class DamagedPicture(ValueError):
    """Its file does not keep to its format."""


class PictureTooLarge(ValueError):
    """More pixels than a browser can be asked to decode."""
