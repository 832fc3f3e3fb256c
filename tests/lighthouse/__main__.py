"""`make lighthouse`: Lighthouse's scores of the demo school's main pages, on a phone and a desktop.

Prints a table of the medians; the exit status is 1 if one is below `GOAL`. See docs/lighthouse.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from statistics import median_low
from typing import Any

import httpx
from playwright.sync_api import Playwright, sync_playwright

from bench.report import environment_line, table, write_tables
from tests.server import Kreida, start_kreida, stop_kreida

HERE = Path(__file__).resolve().parent
CHROMIUM = "/usr/bin/chromium"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
GOAL = 95
ATTEMPTS = 3
# name: path, whether its reader is signed in
PAGES = {
    "landing": ("/", False),
    "login": ("/accounts/login/", False),
    "calendar": ("/calendar/", True),
    "students": ("/students/", True),
    "lesson": ("/lessons/6/", True),
}
FORMS: dict[str, list[str]] = {"phone": [], "desktop": ["--preset=desktop"]}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lighthouse", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each page; default: 3")
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=list(PAGES))
    parser.add_argument("--languages", nargs="+", default=["uk", "en"])
    parser.add_argument("--reports", type=Path, help="a folder for Lighthouse's own reports")
    parser.add_argument("--write", action="store_true", help="write docs/lighthouse.md's table")
    asked = parser.parse_args()
    if asked.reports:
        asked.reports.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start_kreida(Path(folder), THROTTLING="off")
        try:
            rows, failures = measure_pages(playwright, server, Path(folder) / "profiles", asked)
        finally:
            stop_kreida(server)
    version = json.loads((HERE / "package.json").read_text())["devDependencies"]["lighthouse"]
    facts = environment_line(f"Lighthouse {version}", f"median of {asked.runs}", packages=())
    tables = facts + "\n" + table(["page", *CATEGORIES, "LCP", "layout shift"], rows)
    print(f"\n{tables}")
    for line in failures:
        print(line)
    if asked.write:
        write_tables("lighthouse.md", tables)
    return 1 if failures else 0


def measure_pages(
    playwright: Playwright, server: Kreida, folder: Path, asked: argparse.Namespace
) -> tuple[list[list[str]], list[str]]:
    """Return the rows of the table and a line for each score below the goal."""
    rows, failures = [], []
    for language in asked.languages:
        cookies = sign_in(server, language)
        for signed_in in (False, True):
            kept = [c for c in cookies if signed_in or c["name"] != "sessionid"]
            make_profile(playwright, folder / f"{language}-{signed_in}", kept)
        for page, form in product(asked.pages, FORMS):
            path, signed_in = PAGES[page]
            profile = folder / f"{language}-{signed_in}"
            reports = [measure(server.url + path, form, profile) for _ in range(asked.runs)]
            name = f"{page}, {form}, {language}"
            if asked.reports:
                (asked.reports / f"{name}.json").write_text(json.dumps(reports[-1]))
            scores = [score(reports, category) for category in CATEGORIES]
            rows.append([name, *map(str, scores), *timings(reports)])
            print(" | ".join(rows[-1]), flush=True)
            failures += [
                f"{name}: {category} {found}: {', '.join(failed(reports[-1], category))}"
                for category, found in zip(CATEGORIES, scores, strict=True)
                if found < GOAL
            ]
    return rows, failures


def sign_in(server: Kreida, language: str) -> list[dict[str, Any]]:
    """Sign in as the demo school's tutor, choose the language, and return the cookies."""
    email, password = server.wait_for(r"\btutor\s+\S+@").split()[-2:]
    with httpx.Client(base_url=server.url, follow_redirects=True, timeout=30) as client:
        client.get("/accounts/login/").raise_for_status()
        for path, fields in (
            ("/accounts/login/", {"login": email, "password": password}),
            ("/language/", {"language": language}),
        ):
            csrf = {"csrfmiddlewaretoken": client.cookies["csrftoken"]}
            answer = client.post(path, data={**fields, **csrf}, headers={"Referer": server.url})
            answer.raise_for_status()
        tomorrow = time.time() + 86400
        return [
            {"name": name, "value": value, "url": server.url, "expires": tomorrow}
            for name, value in client.cookies.items()
        ]


def make_profile(playwright: Playwright, folder: Path, cookies: list[Any]) -> None:
    """Make a browser profile with these cookies. (Lighthouse's --extra-headers would lose its
    Cookie header once a page sets a cookie of its own.)"""
    context = playwright.chromium.launch_persistent_context(folder, executable_path=CHROMIUM)
    context.add_cookies(cookies)
    context.close()


def measure(url: str, form: str, profile: Path) -> dict[str, Any]:
    """Run Lighthouse until it has a report: on a busy machine it may miss the start of the page."""
    for _ in range(ATTEMPTS):
        report = run_lighthouse(url, form, profile)
        if "runtimeError" not in report:
            break
    landed = report.get("finalDisplayedUrl")
    if landed != url:
        raise SystemExit(f"{url} led to {landed}: {report.get('runtimeError')}")
    return report


def run_lighthouse(url: str, form: str, profile: Path) -> dict[str, Any]:
    """Run Lighthouse once, with its simulated network and CPU, and return its report.

    Each run has a copy of the profile, with an empty cache: Lighthouse would clear a profile of its
    cookies too.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(profile, Path(folder) / "profile", symlinks=True)
        done = subprocess.run(
            [
                *("npx", "--no", "lighthouse", url, "--output=json", "--quiet"),
                f"--only-categories={','.join(CATEGORIES)}",
                "--disable-storage-reset",
                f"--chrome-flags=--headless=new --no-sandbox --user-data-dir={copy}",
                *FORMS[form],
            ],
            cwd=HERE,
            env={**os.environ, "CHROME_PATH": CHROMIUM},
            capture_output=True,
            text=True,
            check=False,
        )
    if not done.stdout:
        raise SystemExit(f"Lighthouse failed on {url}:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def score(reports: list[dict[str, Any]], category: str) -> int:
    return median_low(round(r["categories"][category]["score"] * 100) for r in reports)


def timings(reports: list[dict[str, Any]]) -> list[str]:
    """The medians of the largest contentful paint in seconds and of the layout shift."""

    def value(audit: str) -> float:
        return median_low(r["audits"][audit]["numericValue"] for r in reports)

    shift = value("cumulative-layout-shift")
    return [f"{value('largest-contentful-paint') / 1000:.1f} s", f"{shift:.3f}"]


def failed(report: dict[str, Any], category: str) -> list[str]:
    """The names of the category's audits that cost it points."""
    weighted = [a["id"] for a in report["categories"][category]["auditRefs"] if a["weight"]]
    return [name for name in weighted if (report["audits"][name]["score"] or 0) < 0.9]


if __name__ == "__main__":
    sys.exit(main())
