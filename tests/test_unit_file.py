"""The systemd units in deploy/: what the services may do to the machine."""

import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
UNITS = ["kreida@.service", "kreida-worker.service"]
BACKUP = "kreida-backup.service"
LARGEST_EXPOSURE = 2.9  # of 10, as systemd rates it


@pytest.mark.systemd
@pytest.mark.any_database
@pytest.mark.parametrize("unit", [*UNITS, BACKUP])
def test_systemd_rates_the_exposure_of_the_service_under_three(unit):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", DEPLOY / unit],
        capture_output=True,
        text=True,
        check=True,
    )
    exposure = float(done.stdout.partition("Overall exposure level for")[2].split()[1])
    assert exposure <= LARGEST_EXPOSURE


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("line", ["UMask=0077", "NoNewPrivileges=true", "Restart=always"])
def test_unit_sets(unit, line):
    assert line in (DEPLOY / unit).read_text().splitlines()


def test_unit_of_the_server_allows_a_socket_for_each_person():
    assert "LimitNOFILE=16384" in (DEPLOY / UNITS[0]).read_text().splitlines()
