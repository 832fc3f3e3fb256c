import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import Kreida, start_kreida, stop_kreida


@pytest.fixture(scope="session")
def kreida_seed(kreida: Kreida) -> Path:
    """Collected static files, with which another server starts faster."""
    return kreida.data_dir / "static"


@pytest.fixture(scope="session")
def kreida(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kreida]:
    """A server shared by all tests that only send requests to it."""
    server = start_kreida(tmp_path_factory.mktemp("kreida"))
    yield server
    stop_kreida(server)


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The PostgreSQL server on which tests create databases, as in scripts/test.py."""
    return os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
