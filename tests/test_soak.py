"""A short run of `make soak`: see docs/soak.md."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.redis, pytest.mark.postgres]
ROOT = Path(__file__).resolve().parent.parent


def test_boards_and_chats_are_complete_after_processes_were_killed():
    options = ["--rooms", "6", "--minutes", "0.25", "--kill-every", "4"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": 6 of 6 rooms") == 4
    assert "SIGKILL" in done.stdout or "SIGTERM" in done.stdout
