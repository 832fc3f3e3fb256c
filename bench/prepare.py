"""`python -m bench.prepare BLOCKS`: makes the school of that size in DATABASE_URL's database, or
cleans up one that is already there, and prints an access token for each of its tutors as JSON.

A process of its own, since a process of Django has one default database."""

import json
import os
import sys

import django
import psycopg

from bench import servers


def main(blocks: int) -> None:
    url = os.environ["DATABASE_URL"]
    present = servers.database_exists(url)
    if not present:
        servers.create_database(url)
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from bench import data  # noqa: PLC0415

    school = data.School(blocks)
    if not (present and is_filled(url, school.lessons)):
        call_command("migrate", verbosity=0)
        data.fill(school)
    data.forget_writes()
    print(json.dumps(data.access_tokens(range(1, school.tutors + 1))))


def is_filled(url: str, lessons: int) -> bool:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM lessons_lesson WHERE id <= 2000000")
        return found.fetchone() == (lessons,)


if __name__ == "__main__":
    main(int(sys.argv[1]))
