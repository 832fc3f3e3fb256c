"""The wheel: what `pipx install` gets.

`make check-wheel` installs its dependencies and prepares a database, too.
"""

import subprocess
import sys

import pytest

from tests.server import ROOT


@pytest.mark.any_database
def test_installed_wheel_serves_without_other_programs(kreida_seed):
    done = subprocess.run(
        [sys.executable, "scripts/check_wheel.py", "--seed", kreida_seed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
