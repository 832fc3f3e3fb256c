"""Clients generated from the OpenAPI document compile and work with a running server."""

import compileall
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.builders import AUTH, PASSWORD

pytestmark = pytest.mark.any_database

CLIENTS = Path(__file__).parent / "clients"
NODE_MODULES = CLIENTS / "node_modules"


def run(folder: Path, *command: object) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sign_up_at(url: str, email: str) -> str:
    """The access token of a new tutor."""
    person = {"first_name": "Olena", "last_name": "Koval", "role": "tutor"}
    answer = httpx.post(
        f"{url}{AUTH}/signup", json={"email": email, "password": PASSWORD, **person}
    )
    return answer.json()["meta"]["access_token"]


@pytest.fixture
def document(kreida, tmp_path):
    path = tmp_path / "openapi.json"
    path.write_text(httpx.get(f"{kreida.url}/api/schema/").text)
    return path


@pytest.fixture
def python_client(document, tmp_path):
    """A folder with the generated package `kreida_client` and a program that uses it."""
    run(
        tmp_path,
        *(Path(sys.executable).with_name("openapi-python-client"), "generate"),
        *("--path", document, "--config", CLIENTS / "openapi-python-client.yml"),
        *("--meta", "none", "--output-path", "kreida_client", "--fail-on-warning"),
    )
    shutil.copy(CLIENTS / "round_trip.py", tmp_path)
    return tmp_path


@pytest.fixture
def typescript_client(document, tmp_path):
    for name in ("package.json", "tsconfig.json", "round_trip.ts"):
        shutil.copy(CLIENTS / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    run(tmp_path, NODE_MODULES / ".bin/openapi-typescript", document, "-o", "schema.ts")
    return tmp_path


def test_python_client_compiles_and_lists_a_classroom(python_client, kreida):
    assert compileall.compile_dir(python_client / "kreida_client", quiet=1)
    checks = ("--strict", "--config-file=", "--cache-dir=.mypy")
    run(python_client, sys.executable, "-m", "mypy", *checks, "round_trip.py")
    token = sign_up_at(kreida.url, "python-client@x.example")
    said = run(python_client, sys.executable, "round_trip.py", kreida.url, token)
    assert said == "Algebra not_found\n"


def test_typescript_client_compiles_and_lists_a_classroom(typescript_client, kreida):
    run(typescript_client, NODE_MODULES / ".bin/tsc", "--project", ".")
    token = sign_up_at(kreida.url, "typescript-client@x.example")
    said = run(typescript_client, "node", "round_trip.js", kreida.url, token)
    assert said == "Algebra not_found\n"


def test_compiler_refuses_what_the_document_does_not_allow(typescript_client):
    program = typescript_client / "round_trip.ts"
    program.write_text(program.read_text().replace('{ name: "Algebra" }', "{ name: 1 }"))
    with pytest.raises(AssertionError, match="not assignable to type 'string'"):
        run(typescript_client, NODE_MODULES / ".bin/tsc", "--project", ".")
