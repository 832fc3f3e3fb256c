import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment import shared_folder
from tests.server import Kreida, make_seed, start_kreida, stop_kreida


@pytest.fixture(scope="session")
def kreida_seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a server's first start makes, with which others start faster; made once for all
    workers of pytest-xdist."""
    shared = shared_folder(tmp_path_factory)
    seed = shared / "kreida-seed"
    with (shared / "kreida-seed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not seed.exists():
            made = tmp_path_factory.mktemp("seed") / "made"
            make_seed(made)
            made.rename(seed)
    return seed


@pytest.fixture(scope="session")
def kreida(tmp_path_factory: pytest.TempPathFactory, kreida_seed: Path) -> Iterator[Kreida]:
    """A server shared by all tests that only send requests to it."""
    server = start_kreida(tmp_path_factory.mktemp("kreida"), kreida_seed)
    yield server
    stop_kreida(server)
