"""Schedule lessons in sixteen threads, as fast as the server responds, until killed."""

import http.client
import itertools
import json
import sys
import threading
from datetime import UTC, datetime, timedelta

THREADS = 16
LENGTH = timedelta(minutes=5)
FIRST = datetime(2030, 1, 1, tzinfo=UTC)
DAYS_EACH = 10


def post_lessons(port: int, cookie: str, student: int, start: datetime) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    csrf = "c" * 32
    headers = {
        "Content-Type": "application/json",
        "Cookie": f"sessionid={cookie}; csrftoken={csrf}",
        "X-CSRFToken": csrf,
    }
    for number in itertools.count():
        starts_at = start + number * LENGTH
        lesson = {
            "student_id": student,
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + LENGTH).isoformat(),
        }
        connection.request("POST", "/api/lessons/", json.dumps(lesson), headers)
        response = connection.getresponse()
        response.read()
        sys.stdout.write(f"{response.status}\n")
        sys.stdout.flush()


def main() -> None:
    port, cookie, student, days = sys.argv[1:]
    for number in range(THREADS):
        start = FIRST + timedelta(days=int(days) + number * DAYS_EACH)
        arguments = (int(port), cookie, int(student), start)
        threading.Thread(target=post_lessons, args=arguments).start()


if __name__ == "__main__":
    main()
