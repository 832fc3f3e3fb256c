"""`make check-wheel`: build the wheel, install it into an empty virtual environment, and serve from
an empty folder, with no program in PATH.

With --seed FOLDER (of tests/server.py) the environment borrows the packages of this one, and the
server starts with the seed's database and static files, which takes less time and no network. Then
the wheel's list of dependencies and `prepare` are not tried.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=Path)
    seed: Path | None = parser.parse_args().seed
    with tempfile.TemporaryDirectory(prefix="kreida-wheel-") as name:
        folder = Path(name)
        command = install(build(folder), folder, borrow=seed is not None)
        check_files(next((folder / "venv").glob("lib/*/site-packages/kreida")))
        if seed is not None:
            data = folder / "home/.local/share/kreida"
            shutil.copytree(seed / "static", data / "static")
            shutil.copy(seed / "kreida.sqlite3", data)
        serve(command, folder, *([] if seed is None else ["--bare"]))
    print("The wheel works.")
    return 0


def build(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist"],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    [wheel] = (folder / "dist").glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path, *, borrow: bool) -> Path:
    """Return the path of the installed `kreida`."""
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pip = [sys.executable, "-m", "pip", "--python", venv / "bin/python", "--quiet"]
    options = ["--no-deps", "--no-compile"] if borrow else []
    subprocess.run(
        [*pip, "--disable-pip-version-check", "install", *options, wheel], cwd=folder, check=True
    )
    if borrow:
        [packages] = venv.glob("lib/*/site-packages")
        (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return venv / "bin/kreida"


def check_files(installed: Path) -> None:
    """Compare what was installed with this folder."""
    for name in ("apps", "config", "deploy", "locale"):
        expected = {path for path in _files(ROOT / name) if path.suffix != ".po"}
        found = _files(installed / name)
        assert found == expected, found ^ expected


def _files(folder: Path) -> set[Path]:
    found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {
        path
        for path in found
        if not {"tests", "__pycache__"} & set(path.parts) and path.name != "conftest.py"
    }


def serve(command: Path, folder: Path, *options: str) -> None:
    """Start the installed server, read a page, a translation and a built file, and stop it."""
    empty = folder / "empty"
    empty.mkdir()
    assert not any(shutil.which(name, path=str(empty)) for name in ("node", "make", "git"))
    port = _free_port()
    env = {"PATH": str(empty), "HOME": str(folder / "home"), "PORT": str(port)}
    _copy_settings(env)
    version = subprocess.run([command, "--version"], env=env, cwd=empty, check=True, text=True,
                             capture_output=True)  # fmt: skip
    assert version.stdout.startswith("Kreida "), version
    server = subprocess.Popen(
        [command, "serve", *options], env=env, cwd=empty, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        lines: list[str] = []
        for line in server.stdout:
            lines.append(line)
            if "Kreida is ready at" in line:
                break
        else:
            raise SystemExit("The installed Kreida did not start:\n" + "".join(lines))
        check_pages(f"http://127.0.0.1:{port}")
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)
    assert server.returncode == 0, server.returncode
    assert (folder / "home/.local/share/kreida/kreida.sqlite3").is_file()
    assert not any(empty.iterdir())


def check_pages(url: str) -> None:
    assert _get(f"{url}/readyz") == '{"status":"ok"}'
    page = _get(f"{url}/accounts/login/", {"Accept-Language": "uk"})
    assert "Увійти" in page
    [script, *_] = re.findall(r'src="(/static/[^"]+\.js)"', page)
    assert _get(url + script)
    assert len(_get(f"{url}/service-worker.js/")) > 1000


def _copy_settings(env: dict[str, str]) -> None:
    """Pass on where temporary files go, and nothing that is a setting of Kreida."""
    env.update({name: os.environ[name] for name in ("TMPDIR", "LANG") if name in os.environ})


def _get(url: str, headers: dict[str, str] | None = None) -> str:
    with urlopen(Request(url, headers=headers or {}), timeout=60) as answer:
        text: str = answer.read().decode()
        return text


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
