"""A program that uses the generated Python client: `round_trip.py URL TOKEN`."""

import sys

from kreida_client import AuthenticatedClient
from kreida_client.api.classrooms import classrooms_create, classrooms_list, classrooms_retrieve
from kreida_client.models import ApiError, Classroom, ClassroomCreate, ClassroomPage

url, token = sys.argv[1:]
with AuthenticatedClient(base_url=url, token=token) as client:
    created = classrooms_create.sync(client=client, body=ClassroomCreate(name="Algebra"))
    assert isinstance(created, Classroom)
    page = classrooms_list.sync(client=client, q="algebra")
    assert isinstance(page, ClassroomPage)
    assert [classroom.id for classroom in page.results] == [created.id]
    missing = classrooms_retrieve.sync(2**31 - 1, client=client)
    assert isinstance(missing, ApiError)
    print(page.results[0].name, missing.error)  # noqa: T201 -- the test reads it
