"""deploy/kreida@.service: what the service may do to the machine."""

import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parent.parent / "deploy" / "kreida@.service"
LARGEST_EXPOSURE = 2.9  # of 10, as systemd rates it


@pytest.mark.systemd
@pytest.mark.any_database
def test_systemd_rates_the_exposure_of_the_service_under_three():
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", UNIT],
        capture_output=True,
        text=True,
        check=True,
    )
    exposure = float(done.stdout.partition("Overall exposure level for")[2].split()[1])
    assert exposure <= LARGEST_EXPOSURE


@pytest.mark.parametrize("line", ["LimitNOFILE=16384", "UMask=0077", "NoNewPrivileges=true"])
def test_unit_sets(line):
    assert line in UNIT.read_text().splitlines()
