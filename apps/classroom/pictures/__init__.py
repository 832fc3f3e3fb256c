"""Remove the metadata of pictures, such as place, time and camera."""

from apps.classroom.pictures.cleaning import Picture, clean_picture
from apps.classroom.pictures.errors import DamagedPicture, PictureTooLarge, UnknownPicture

__all__ = ["DamagedPicture", "Picture", "PictureTooLarge", "UnknownPicture", "clean_picture"]
