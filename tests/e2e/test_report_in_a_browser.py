"""The report in a real browser: hostile names are shown, nothing of them runs, and the page's policy is in force."""

import os
import shutil
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shared.api.reports import headers_of
from shared.core.text import visible
from shared.model.directory import CredentialHolder, HeldCredential
from shared.report.page import page_html, page_policy
from shared.report.rows import Advice, Report, Row, Urgency
from tests.unit.report.test_report import HOSTILE

pytestmark = pytest.mark.e2e

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
CHROMIUM = next((found for name in BROWSERS if (found := shutil.which(name))), None)
MISSING = "Chromium is not installed, so nobody looked at the report: apt-get install chromium"
if CHROMIUM is None and not os.environ.get("CI"):  # in CI the tests fail without one
    pytest.skip(MISSING, allow_module_level=True)

NOW = datetime(2026, 11, 23, 4, 20, tzinfo=UTC)
ATTACK = (
    "<script>document.title = 'owned'</script>"
    "<style>h1 { display: none }</style>"
    '<img src="/pixel" onerror="document.title = \'owned\'">'
    "<iframe src='/frame'></iframe>"
)
"""What a name would do if it got into the page as it is."""


def page() -> bytes:
    """A report whose names are all hostile."""
    rows = [
        Row(
            CredentialHolder("application", f"object-{number}", f"app-{number}", name, name, ()),
            HeldCredential("secret", f"key-{number}", name, NOW, NOW + timedelta(days=20 * number)),
            number % 3 == 0,
            None,
            (name,),
            Advice("expires_soon", "Expires soon, and nobody replaces it.", tuple(Urgency)[number % 3]),
        )
        for number, name in enumerate(HOSTILE)
    ]
    return page_html(Report(NOW, "72f988bf-0000-4000-8000-2d7cd011db47", tuple(rows)))


class Site:
    """A server of one page, that notes what else is asked for."""

    def __init__(self, content: bytes, headers: dict[str, str]) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/"


@contextmanager
def serving(content: bytes, headers: dict[str, str]) -> Generator[Site]:
    site = Site(content, headers)
    thread = threading.Thread(target=site.server.serve_forever)
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()
        thread.join()


class Dom(HTMLParser):
    """The document as the browser had it in the end."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.title = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "title" and not self.title:
            self.title = data
        self.text += data


def chromium(folder: Path, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None, MISSING
    command = [
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-proxy-server",
        "--hide-scrollbars",
        "--enable-logging=stderr",
        f"--user-data-dir={folder / 'profile'}",
        *options,
        url,
    ]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=90, check=True)


def looked_at(folder: Path, content: bytes, headers: dict[str, str]) -> tuple[Dom, list[str], str]:
    """The document, what was asked for besides, and what the browser said."""
    with serving(content, headers) as site:
        done = chromium(folder, site.url, "--dump-dom")
        return Dom(done.stdout), [path for path in site.asked if path not in ("/", "/favicon.ico")], done.stderr


def test_hostile_names_are_shown_and_nothing_of_them_runs(tmp_path: Path) -> None:
    dom, asked, said = looked_at(tmp_path, page(), headers_of("html", NOW, NOW))
    assert dom.title == "Credentials in the tenant, as of 2026-11-23T04:20:00Z"
    assert dom.tags.count("tr") == len(HOSTILE) + 1 + 16
    for name in HOSTILE:
        assert visible(name) in dom.text, name
    assert set(dom.tags).isdisjoint({"script", "img", "iframe", "object", "embed", "form", "a"})
    assert not any(name.startswith("on") for name in dom.attributes)
    assert asked == []
    assert "Content Security Policy" not in said


@pytest.mark.parametrize("by", ["header", "page"])
def test_the_policy_stops_what_would_get_in(tmp_path: Path, by: str) -> None:
    attacked = page().replace(b"</main>", ATTACK.encode() + b"</main>")
    headers = {"Content-Type": "text/html; charset=utf-8"}
    if by == "header":
        meta = page_policy().replace("'", "&#39;").encode()
        assert meta in attacked
        attacked = attacked.replace(meta, b"")
        headers = headers_of("html", NOW, NOW)
    dom, asked, said = looked_at(tmp_path, attacked, headers)
    assert dom.title == "Credentials in the tenant, as of 2026-11-23T04:20:00Z"
    assert asked == []
    assert "Content Security Policy" in said


def test_without_a_policy_the_same_attack_would_succeed(tmp_path: Path) -> None:
    attacked = page().replace(b"</main>", ATTACK.encode() + b"</main>")
    bare = attacked.replace(page_policy().replace("'", "&#39;").encode(), b"")
    dom, asked, _ = looked_at(tmp_path, bare, {"Content-Type": "text/html; charset=utf-8"})
    assert dom.title == "owned"
    assert "/pixel" in asked


@pytest.mark.parametrize("size", ["1280,1600", "390,1600"], ids=["desk", "phone"])
def test_there_is_something_to_see(tmp_path: Path, size: str) -> None:
    pictures: list[int] = []
    for number, content in enumerate((page(), b"<!DOCTYPE html><title>empty</title>")):
        picture = tmp_path / f"{number}.png"
        with serving(content, headers_of("html", NOW, NOW)) as site:
            chromium(tmp_path, site.url, f"--screenshot={picture}", f"--window-size={size}")
        pictures.append(picture.stat().st_size)
    seen, blank = pictures
    assert seen > 10 * blank
