"""Settings: an invalid value is refused at start, in one sentence that names the setting."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment
from config.data_dir import data_dir, secret_key, vapid_key
from config.database import database
from config.hosts import allowed_hosts, public_url, trusted_proxies
from config.school_logo import school_logo
from tests.server import free_port, start_kreida, stop_kreida

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("PUBLIC_URL", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SECRET_KEY")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in (*NAMES, "TURN_URLS", "TURN_SECRET", "DATA_DIR", "PORT"):
        monkeypatch.delenv(name, raising=False)


READERS = {
    "PORT": lambda: environment.integer("PORT", 8000, low=1, high=65535),
    "THROTTLING": lambda: environment.choice("THROTTLING", ("on", "off")),
    "METRICS_TOKEN": environment.metrics_token,
    "KEEP_CHAT_DAYS": lambda: environment.integer("KEEP_CHAT_DAYS", 0, low=0, high=36500),
    "SIGN_UP": lambda: environment.choice("SIGN_UP", ("open", "invited-tutors", "closed")),
    "PRIVACY_FILE": lambda: environment.file_text("PRIVACY_FILE"),
    "SCHOOL_NAME": lambda: environment.shown_name("SCHOOL_NAME"),
    "LOGO_FILE": school_logo,
    "PUBLIC_URL": lambda: public_url(8000),
    "ALLOWED_HOSTS": lambda: allowed_hosts("http://127.0.0.1:8000"),
    "DATABASE_URL": lambda: database(ROOT),
    "REDIS_URL": environment.redis_url,
    "EMAIL_URL": environment.mail,
    "TURN_URLS": environment.turn,
    "PUSH_SERVICES": lambda: environment.choice("PUSH_SERVICES", ("public", "any")),
    "EXTERNAL_CALENDARS": lambda: environment.choice("EXTERNAL_CALENDARS", ("public", "any")),
    "TELEGRAM_BOT_TOKEN": environment.telegram_token,
    "TELEGRAM_API_URL": lambda: environment.api_url("TELEGRAM_API_URL", "https://a.example"),
    "MONOBANK_TOKEN": environment.monobank_token,
    "MONOBANK_API_URL": lambda: environment.api_url("MONOBANK_API_URL", "https://a.example"),
    "TRUSTED_PROXIES": lambda: trusted_proxies("https://kreida.example"),
    "DATA_DIR": data_dir,
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("PORT", value) for value in ("abc", "0", "-1", "65536", "99999", "8000.0", "٨", "1e3")),
        *(("KEEP_CHAT_DAYS", value) for value in ("-1", "a month", "36501")),
        *(("METRICS_TOKEN", value) for value in ("short", "with spaces in between", "слово" * 5)),
        *(("SIGN_UP", value) for value in ("yes", "Open", "students")),
        *(("PRIVACY_FILE", value) for value in ("/nowhere/privacy.txt", "/tmp", "/dev/zero")),
        *(("SCHOOL_NAME", value) for value in ("\u200b", "\u202eKreida", "K" * 101, "K" * 10_000)),
        *(("LOGO_FILE", value) for value in ("/nowhere/logo.png", "/dev/null")),
        *(("THROTTLING", value) for value in ("of", "OFF", "1", "true")),
        *(("PUSH_SERVICES", value) for value in ("all", "private", "on")),
        *(("EXTERNAL_CALENDARS", value) for value in ("all", "private", "on")),
        *(
            ("TELEGRAM_BOT_TOKEN", value)
            for value in ("token", "123456789", ":" + "a" * 35, "12345:short", "1٣3456:" + "a" * 35)
        ),
        *(
            ("TELEGRAM_API_URL", value)
            for value in ("api.telegram.org", "ftp://a", "https://", "https://u:p@a", "https://a?b")
        ),
        *(("MONOBANK_TOKEN", value) for value in ("token", "u" * 19, "u" * 101, "ключ" * 8)),
        *(("MONOBANK_API_URL", value) for value in ("api.monobank.ua", "https://u:p@a")),
        *(
            ("PUBLIC_URL", value)
            for value in (
                "kreida.example", "ftp://kreida.example", "https://", "https://a/b", "https://a?b",
                "https://a#b", "https://user@a", "https://a:99999", "https://a:b", "https://a_b",
                "https://*.example", "https://[::1", "https://a b", "http://a:0",
                "https://0.0.0.0", "http://0.0.0.0:8000", "https://[::]", "https://[::0]:8000",
                "https://224.0.0.1", "https://255.255.255.255", "https://[ff02::1]", "https://0",
                "https://256.1.1.1", "https://127.1", "https://0x7f.1", "https://[fe80::1%eth0]",
                "https://kreida.example.", "https://kre\tida.example", "https://" + "a" * 64,
                "https://" + "a." * 130 + "example",
            )
        ),
        *(("ALLOWED_HOSTS", value) for value in ("*", "https://a", "a:80", ".a", "a/b", "::g")),
        *(
            ("DATABASE_URL", value)
            for value in (
                "mysql://h/d", "postgres://u:p#q@h/d", "postgres://h:abc/d", "postgres://h",
                "nonsense", "sqlite:////no/such/folder/db.sqlite3", "postgres://h:0/d",
                "postgres://h/d?sslmode=foo", "postgres://h/d?sslmode=Require",
                "postgres://h/d?ssl_mode=require", "postgres://h/d?sslmode=require&x=1",
                "postgres://h/d?connect_timeout=soon", "postgres://h/d?connect_timeout=-1",
                "postgres://h/d?conn_max_age=9", "postgres://h/d?sslmode=",
                "postgres://h/d?pool=true", "postgres://h/a%00b", "postgres://u:%00@h/d",
                "postgres://h/d?answer_timeout=0", "postgres://h/d?connect_timeout=0",
                "postgres://h/d?keepalives_idle=99999999999999999999",
                "postgres://h/d?target_session_attrs=master", "sqlite:////tmp/db?timeout=30",
                "sqlite://", "sqlite:///", "sqlite:////", "sqlite://kreida.sqlite3",
                "sqlite:///school.sqlite3", "sqlite:///:memory:", "sqlite://h/tmp/db",
                "sqlite://h//tmp/db", "sqlite:////tmp", "sqlite:////tmp/a%00b",
                "sqlite:////tmp/" + "a" * 300,
            )
        ),
        *(("REDIS_URL", value) for value in ("localhost:6379", "http://h", "redis://", "redis://h/x")),
        *(("REDIS_URL", f"redis://h/0?{query}") for query in ("x=1", "socket_timeout=soon")),
        *(
            ("REDIS_URL", f"rediss://h/0?{query}")
            for query in (
                "socket_timeout=0", "socket_timeout=600", "protocol=9", "ssl_cert_reqs=never",
                "encoding=nonsense", "decode_responses=true", "max_connections=1", "db=x",
            )
        ),
        ("REDIS_URL", "redis://h:0"),
        *(("EMAIL_URL", value) for value in ("nonsense", "smtp://", "http://h", "smtp://h:abc")),
        *(("EMAIL_URL", f"smtp://h:{rest}") for rest in ("0", "25?ssl=true", "25?EMAIL_USE_TLS=x")),
        *(("TURN_URLS", value) for value in ("nonsense", "turn:", "https://h", "turn:h?x=y")),
        *(("EMAIL_URL", value) for value in ("smtp://h h", "smtp://h/path", "filemail://")),
        *(("TURN_URLS", value) for value in ("turn:[h]", 'turn:"h"', "turn:h;turn:g")),
        *(("TURN_URLS", value) for value in ("turn:h:0", "turns:[::1]:99999")),
        *(("TURN_URLS", value) for value in ("turn://h:3478", "turn:user@h")),
        *(("TURN_URLS", value) for value in ("turn:h,,", "turn:h,,turn:g", ",turn:h", ",")),
        *(("TURN_URLS", f"turn:{host}") for host in ("[fe80::1]", "169.254.1.1", "224.0.0.1")),
        *(("TURN_URLS", f"turn:{host}") for host in ("[::]", "0.0.0.0", "[1::2::3]", "[ff02::1]")),
        *(("TRUSTED_PROXIES", value) for value in ("nginx", "10.0.0.1/8", "10.0.0.0/33")),
        *(("TRUSTED_PROXIES", value) for value in ("0.0.0.0/0", "::/0", "::1/128,128.0.0.0/1")),
        *(("TRUSTED_PROXIES", value) for value in ("2000::/3", "::ffff:0:0/96", "::/64", "::1,")),
        *(("DATA_DIR", value) for value in ("/proc/nowhere", "~no-such-user/kreida")),
    ],
)  # fmt: skip
def test_invalid_value_is_refused_with_the_name_of_the_setting(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} must"):
        READERS[name]()


def test_networks_of_proxies_are_accepted(monkeypatch):
    networks = ["10.0.0.0/8", "172.17.0.1/32", "fc00::/7", "2400:cb00::/32", "::ffff:a00:0/104"]
    monkeypatch.setenv("TRUSTED_PROXIES", ", ".join(networks))
    assert trusted_proxies("https://kreida.example") == networks


def test_addresses_of_turn_servers_are_accepted(monkeypatch):
    urls = ["turn:203.0.113.5:3478", "turn:[2001:db8::1]", "turn:192.168.1.2", "turns:h.example"]
    monkeypatch.setenv("TURN_URLS", ", ".join(urls))
    monkeypatch.setenv("TURN_SECRET", "long-enough-as-a-secret")
    assert environment.turn()[0] == urls


@pytest.mark.parametrize(
    "url",
    [
        "redis://:p%40ss@h:6379/0",
        "rediss://h/1?ssl_cert_reqs=none&ssl_ca_certs=/ca",
        "unix:///s?db=2",
    ],
)
def test_options_of_the_connection_to_redis_are_accepted(monkeypatch, url):
    monkeypatch.setenv("REDIS_URL", url)
    assert environment.redis_url() == url


def test_refused_option_of_the_database_names_the_choices(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://h/d?sslmode=foo")
    with pytest.raises(ImproperlyConfigured, match="'sslmode' is one of disable, allow, prefer, "):
        database(ROOT)
    monkeypatch.setenv("DATABASE_URL", "postgres://h/d?ssl_mode=require")
    with pytest.raises(ImproperlyConfigured, match="did you mean sslmode"):
        database(ROOT)


def test_database_options_are_added_to_the_statement_timeouts(monkeypatch):
    query = "sslmode=verify-full&connect_timeout=9&options=-c%20statement_timeout%3D60s"
    monkeypatch.setenv("DATABASE_URL", f"postgres://h/d?{query}")
    options = database(ROOT)["OPTIONS"]
    assert (options["sslmode"], options["connect_timeout"]) == ("verify-full", 9)
    assert "lock_timeout=5s" in options["options"]
    assert options["options"].endswith("-c statement_timeout=60s")


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SECRET_KEY"])
def test_refusal_does_not_repeat_a_secret(monkeypatch, name, tmp_path):
    monkeypatch.setenv(name, "nonsense://user:hunter2@h#x")
    readers = {**READERS, "SECRET_KEY": lambda: secret_key(tmp_path)}
    with pytest.raises(ImproperlyConfigured) as refusal:
        readers[name]()
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("urls", "secret"),
    [("turn:a.example", ""), ("", "long-enough-as-a-secret"), ("turn:a.example", "short")],
)
def test_turn_urls_need_a_long_secret(monkeypatch, urls, secret):
    monkeypatch.setenv("TURN_URLS", urls)
    monkeypatch.setenv("TURN_SECRET", secret)
    with pytest.raises(ImproperlyConfigured, match="TURN_SECRET"):
        environment.turn()


@pytest.mark.parametrize(
    "name",
    [
        *("DATABSE_URL", "PUBLIC_URI", "TRUSTED_PROXY", "database_url"),
        *("PRT", "POT", "PROT", "PORTT", "port", "HSST", "SIGN_IN", "TURN_URI", "KREIDA_PORT"),
        *("THROTTLE", "TELEGRAM_BOT", "STORAGE_MB"),
    ],
)
def test_misspelt_name_is_refused(monkeypatch, name):
    for reader in READERS.values():
        reader()
    monkeypatch.setenv(name, "x")
    with pytest.raises(ImproperlyConfigured, match=f"^{name} is not a setting. Did you mean"):
        environment.check_misspelt_names()


@pytest.mark.parametrize(
    "name",
    [
        *("TEST_DATABASE_URL", "XDG_DATA_DIRS", "REPORT", "HOSTNAME", "HOST", "HOME", "PATH"),
        *("POST", "SORT", "PWD", "PS1", "TERM", "PORTS", "PUBLIC_IP", "REDIS_HOST", "REDIS_PORT"),
        *("EMAIL_HOST", "EMAIL_PORT", "DATABASE_HOST", "DATABASE_NAME", "SECRETS", "DATA", "DEBUG"),
    ],
)
def test_unrelated_variable_is_ignored(monkeypatch, name):
    for reader in READERS.values():
        reader()
    monkeypatch.setenv(name, "x")
    environment.check_misspelt_names()


def test_public_url_is_normalised_like_in_browsers(monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "https://Крейда.example:443/")
    assert public_url(8000) == "https://xn--80ahcqd0b.example"


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("", ["127.0.0.1", "localhost", "[::1]", "testserver"]),
        ("http://localhost:8000", ["localhost", "127.0.0.1", "[::1]"]),
        ("https://kreida.example", ["kreida.example"]),
    ],
)
def test_only_a_server_without_public_url_answers_the_test_client(monkeypatch, url, hosts):
    monkeypatch.setenv("PUBLIC_URL", url)
    assert allowed_hosts(public_url(8000)) == hosts


@pytest.mark.parametrize(
    ("public", "proxies"),
    [
        ("http://127.0.0.1:8000", []),
        ("http://[::1]:8000", []),
        ("https://kreida.example", ["127.0.0.0/8", "::1/128"]),
    ],
)
def test_clients_of_a_server_without_a_proxy_are_not_trusted_as_one(public, proxies):
    assert trusted_proxies(public) == proxies


@pytest.mark.parametrize("name", ["with space", "a#b", "a?b", "a%20b", "дані"])
def test_data_dir_may_have_any_name(monkeypatch, tmp_path, name):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / name))
    folder = data_dir()
    assert database(folder)["NAME"] == str(tmp_path / name / "kreida.sqlite3")


@pytest.mark.parametrize(
    ("written", "name"),
    [("a+b", "a+b"), ("a%20b", "a b"), ("a%23b%3Fc", "a#b?c"), ("a%2Bb", "a+b"), ("дані", "дані")],
)
def test_sqlite_file_may_have_any_name(monkeypatch, tmp_path, written, name):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/{written}")
    assert database(ROOT)["NAME"] == str(tmp_path / name)


def test_symbolic_link_to_a_sqlite_file_is_resolved(monkeypatch, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "kreida.sqlite3")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/link")
    assert database(ROOT)["NAME"] == str(tmp_path / "kreida.sqlite3")
    monkeypatch.delenv("DATABASE_URL")
    (folder := tmp_path / "data").mkdir()
    (folder / "kreida.sqlite3").symlink_to(tmp_path / "kreida.sqlite3")
    assert database(folder)["NAME"] == str(tmp_path / "kreida.sqlite3")


def test_circle_of_symbolic_links_is_refused(monkeypatch, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "link")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/link")
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL must"):
        database(ROOT)


def test_data_dir_is_not_accessible_to_other_users(monkeypatch, tmp_path):
    tmp_path.chmod(0o755)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert stat.S_IMODE(data_dir().stat().st_mode) == 0o700


def test_secret_key_is_made_once_and_kept(tmp_path):
    key = secret_key(tmp_path)
    assert secret_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


def test_vapid_key_is_made_once_and_kept(tmp_path):
    key = vapid_key(tmp_path)
    assert vapid_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "vapid_key").stat().st_mode) == 0o600
    assert len(key) == 43


@pytest.mark.parametrize("content", ["", "cut-off", "A" * 43, "_" * 43, "ї" * 43])
def test_vapid_key_that_is_no_key_is_refused(tmp_path, content):
    (tmp_path / "vapid_key").write_text(content)
    with pytest.raises(ImproperlyConfigured, match="empty or cut off"):
        vapid_key(tmp_path)


@pytest.mark.parametrize("content", ["", "cut-off", "\n", "a" * 80])
def test_truncated_secret_key_is_refused(tmp_path, content):
    (tmp_path / "secret_key").write_text(content)
    with pytest.raises(ImproperlyConfigured, match="empty or cut off"):
        secret_key(tmp_path)


def test_full_disk_leaves_no_partial_secret_key(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ImproperlyConfigured, match="No space"):
        secret_key(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("hsts", "expected"),
    [
        ("host", "31536000 False False"),
        ("off", "0 False False"),
        ("subdomains", "31536000 True False"),
        ("preload", "31536000 True True"),
    ],
)
def test_hsts_covers_what_the_setting_asks_for(hsts, expected, tmp_path):
    names = "s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_HSTS_PRELOAD"
    secure = {"DATA_DIR": str(tmp_path), "PUBLIC_URL": "https://kreida.example", "HSTS": hsts}
    done = subprocess.run(
        [sys.executable, "-c", f"from config import settings as s; print({names})"],
        cwd=ROOT,
        env={**os.environ, **secure},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected


@pytest.mark.any_database
@pytest.mark.parametrize("command", ["serve", "check"])
def test_refusal_is_one_line_without_a_traceback(command, tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path), "PORT": "abc"},
        capture_output=True,
        text=True,
        check=False,
    )
    sentence = "Kreida cannot start: PORT must be a whole number from 1 to 65535. It is 'abc'.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)


@pytest.mark.parametrize(
    "url", ["postgres://kreida@127.0.0.1:1/kreida", "sqlite:///{folder}/secret_key"]
)
def test_address_without_a_database_is_one_line_without_a_traceback(url, tmp_path):
    (tmp_path / "secret_key").write_text("no database, but a key of enough characters to be one")
    done = subprocess.run(
        [sys.executable, "manage.py", "prepare"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": url.format(folder=f"/{tmp_path}"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: The database of DATABASE_URL cannot be used: ")
    assert done.stderr.count("\n") == 1


def serve(tmp_path, *arguments, **env):
    return subprocess.run(
        [sys.executable, "manage.py", "serve", "--bare", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path), "PORT": str(free_port()), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.any_database
@pytest.mark.parametrize("url", ["", "sqlite:////proc/kreida.sqlite3"])
def test_lock_file_that_cannot_be_written_is_one_line_without_a_traceback(url, tmp_path):
    (tmp_path / "kreida.sqlite3.lock").mkdir()
    done = serve(tmp_path, DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("CommandError: The database of DATABASE_URL (by default in DATA_")
    assert done.stderr.count("\n") == 1


@pytest.mark.any_database
@pytest.mark.parametrize("port", ["0", "-1", "99999"])
def test_impossible_port_is_one_line_without_a_traceback(port, tmp_path):
    done = serve(tmp_path, f"--port={port}", DATABASE_URL="")
    sentence = "CommandError: --port must be a whole number from 1 to 65535.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)


@pytest.mark.any_database
def test_port_of_another_program_is_one_line_before_anything_is_prepared(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = serve(tmp_path, f"--port={port}", DATABASE_URL="")
    sentence = (
        f"CommandError: Port {port} cannot be used: Address already in use. Stop the program that "
        "uses it, or set PORT to another number.\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)
    assert not (tmp_path / "kreida.sqlite3").exists()


@pytest.mark.any_database
def test_second_process_on_one_sqlite_database_is_refused(tmp_path, kreida_seed):
    first = start_kreida(tmp_path, kreida_seed)
    second = serve(tmp_path, DATABASE_URL="")
    first.process.kill()
    first.process.wait()
    assert (second.returncode, second.stdout) == (1, "")
    assert "Another Kreida serves this database." in second.stderr
    assert "Traceback" not in second.stderr
    third = start_kreida(tmp_path)  # the lock was released when the process was killed
    assert stop_kreida(third) == 0
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in tmp_path.iterdir()
        if path.name != "static"
    }
    assert modes.pop("files", 0o700) == 0o700
    assert modes.pop("uploading") == 0o700
    assert set(modes.values()) == {0o600}
