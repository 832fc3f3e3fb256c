"""Remove the metadata of pictures, such as place, time and camera."""

from apps.classroom.pictures.cleaning import Picture, clean_picture
from apps.classroom.pictures.errors import (
    CleanerBusy,
    DamagedPicture,
    PictureTooLarge,
    UnknownPicture,
)
from apps.classroom.pictures.isolation import clean_picture_isolated

__all__ = [
    "CleanerBusy",
    "DamagedPicture",
    "Picture",
    "PictureTooLarge",
    "UnknownPicture",
    "clean_picture",
    "clean_picture_isolated",
]
