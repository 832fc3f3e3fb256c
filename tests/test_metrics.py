"""`/metrics` of a real server, who may read it, and Prometheus' files in deploy/."""

import json
import re
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server import ROOT, Kreida, start_kreida, stop_kreida

pytestmark = pytest.mark.any_database
TOKEN = "a-token-of-this-test-alone"
RULES, DASHBOARD = ROOT / "deploy/prometheus-rules.yml", ROOT / "deploy/grafana-dashboard.json"
# Not there before something has happened, or on SQLite.
SOMETIMES = {"kreida_backup_age_seconds", "kreida_job_failing", "kreida_task_failing"}
FORWARDED = [{"X-Forwarded-For": "192.0.2.1"}, {"Forwarded": "for=192.0.2.1"}]


def read(kreida: Kreida, **options) -> httpx.Response:
    return httpx.get(f"{kreida.url}/metrics", timeout=20, **options)


def samples(kreida: Kreida) -> dict[tuple[str, ...], float]:
    """The values by name and labels."""
    text = read(kreida).text
    return {
        (sample.name, *(value for _name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_and_timed_by_route(kreida):
    before = samples(kreida)
    for _ in range(3):
        httpx.get(f"{kreida.url}/accounts/login/")
        httpx.get(f"{kreida.url}/api/me/")
    after = samples(kreida)

    def grown(*key: str) -> float:
        return after[key] - before.get(key, 0)

    assert grown("kreida_http_requests_total", "GET", "accounts/login/", "200") == 3
    assert grown("kreida_http_requests_total", "GET", "api/me/", "401") == 3
    assert grown("kreida_http_request_seconds_count", "api/me/") == 3
    assert grown("kreida_http_request_seconds_bucket", "45.0", "api/me/") == 3


def test_state_of_the_installation_is_told(kreida):
    found = samples(kreida)
    assert found["kreida_database_up",] == 1
    assert found["kreida_disk_used_bytes", "database"] > 100_000
    assert found["kreida_people", "student"] >= 1
    assert 0 <= found["kreida_worker_lag_seconds",] < 120
    assert found["kreida_sockets", "events"] >= 0


@pytest.mark.parametrize("headers", [*FORWARDED, {"Host": "kreida.example"}, {"Host": ""}])
def test_request_that_came_through_a_proxy_finds_no_metrics(kreida, headers):
    answer = read(kreida, headers=headers)
    assert answer.status_code in (400, 404)
    assert "kreida_" not in answer.text


@pytest.fixture(scope="module")
def with_token(tmp_path_factory, kreida_seed) -> Iterator[Kreida]:
    server = start_kreida(tmp_path_factory.mktemp("k"), kreida_seed, METRICS_TOKEN=TOKEN)
    yield server
    stop_kreida(server)


@pytest.mark.parametrize("given", [None, "Bearer wrong-token-of-somebody", f"Basic {TOKEN}"])
def test_metrics_with_a_token_are_not_read_without_it(with_token, given):
    headers = {"Authorization": given} if given else {}
    assert read(with_token, headers=headers).status_code in (401, 404)


@pytest.mark.parametrize("headers", [{}, *FORWARDED])
def test_metrics_are_read_with_the_token_from_anywhere(with_token, headers):
    answer = read(with_token, headers={**headers, "Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert "kreida_database_up 1.0" in answer.text


def test_rules_and_dashboard_name_metrics_that_exist(kreida):
    found = {name for name, *_labels in samples(kreida)} | SOMETIMES
    families = set(re.findall(r"# TYPE (\S+)", read(kreida).text))
    for path in (RULES, DASHBOARD):
        named = set(re.findall(r"\b(?:kreida|process)_[a-z_]+\b", path.read_text()))
        assert named - {"kreida_up"} <= found | families, path


def test_dashboard_has_a_panel_for_each_metric():
    shown = " ".join(
        target["expr"]
        for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel["targets"]
    )
    for name in ("sockets", "rooms", "worker_lag", "mail_waiting", "disk_free", "call_quality"):
        assert f"kreida_{name}" in shown


@pytest.mark.promtool
def test_promtool_accepts_the_rules():
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint-fatal", RULES], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.promtool
def test_promtool_accepts_the_metrics(kreida):
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=read(kreida).content,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.promtool
def test_promtool_accepts_the_configuration(tmp_path):
    config = (ROOT / "deploy/prometheus.yml").read_text().replace("/etc/prometheus", str(tmp_path))
    (tmp_path / "prometheus.yml").write_text(config)
    (tmp_path / "prometheus-rules.yml").write_text(RULES.read_text())
    done = subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
