import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import Kreida, start_kreida, stop_kreida


@pytest.fixture(scope="session")
def kreida_seed(kreida: Kreida) -> Path:
    """Static files that are already collected, so that another server starts sooner."""
    return kreida.data_dir / "static"


@pytest.fixture(scope="session")
def kreida(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kreida]:
    """One server for all tests that only talk to it."""
    server = start_kreida(tmp_path_factory.mktemp("kreida"))
    yield server
    stop_kreida(server)


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """A PostgreSQL server to make databases on, as scripts/test.py finds it."""
    return os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
