"""Clean a picture in a process of its own: `python -m apps.classroom.pictures`."""

import os
import sys

from apps.classroom.pictures.cleaning import clean_picture
from apps.classroom.pictures.isolation import EXIT_CODES


def main() -> int:
    os.nice(5)  # the room server has priority
    try:
        picture = clean_picture(sys.stdin.buffer.read())
    except tuple(EXIT_CODES) as exc:
        return EXIT_CODES[type(exc)]
    sys.stdout.buffer.write(picture.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
