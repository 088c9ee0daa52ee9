"""Pictures at web addresses, from a server on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from img2img_albums import web

import img2img

from .conftest import failures, png, sizes


class Handler(BaseHTTPRequestHandler):
    agents: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.agents.append(self.headers["User-Agent"])
        name = self.path.partition("?")[0]
        if name.startswith("/to/"):
            return self.answer(302, b"", Location=self.path.removeprefix("/to/"))
        if name == "/loop":
            return self.answer(302, b"", Location="/loop")
        if name == "/page.png":
            return self.answer(200, b"<html>log in</html>", "text/html; charset=utf-8")
        if name == "/cut.png":
            return self.answer(200, png(4, 4), length=10_000)
        if name == "/huge.png":
            return self.answer(200, png(4, 4), length=1 << 40)
        if name == "/slow.png":
            threading.Event().wait(1)
            return self.answer(200, png(4, 4))
        return self.answer(200, png(4, 6)) if "good" in name else self.answer(404, b"not there")

    def answer(self, status: int, body: bytes, kind: str = "image/png", length: int = -1, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length < 0 else length))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("good.png", "good.png"),
        ("a/good.png?size=2&x=/y.gif#part", "good.png"),
        ("good", "good.png"),
        ("good.php?id=3", "good.php.png"),
        ("a%20good%2Fb.jpg", "a good/b.jpg"),
        ("good b\N{LATIN SMALL LETTER E WITH ACUTE}.png", "good b\N{LATIN SMALL LETTER E WITH ACUTE}.png"),
        ("..%2F..%2Fgood.png", "good.png"),
        ("to/good.png", "good.png"),
    ],
)
def test_a_picture_by_its_address_keeps_its_name(path: str, target: str, server: str, job: Any) -> None:
    path = path.replace("to/", "to//")
    report = job(f"{server}/{path}", "out")
    assert failures(report) == {}
    assert sizes(Path("out")) == {target: (8, 12)}
    assert job(f"{server}/{path}", "out").counts["skipped"] == 1


def test_it_becomes_the_file_that_is_named(server: str, job: Any) -> None:
    assert job(f"{server}/good.php", "result.jpg").counts["done"] == 1
    assert sizes(Path()) == {"result.jpg": (8, 12)}
    assert Handler.agents[-1].startswith("img2img/")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("none.png", "the server answers 404 Not Found; check the address"),
        ("page.png", "the server sends a web page in place of a picture"),
        ("cut.png", "the download was cut off after"),
        ("huge.png", "it has more than the 1 GiB"),
        ("loop", "the server answers 302"),
        ("to/file:///etc/passwd", "the server answers 302 Found - Redirection to url"),
        ("to/ftp://127.0.0.1/x.png", "the server points to ftp://127.0.0.1/x.png, which is not followed"),
        ("slow.png", "the server is silent for 0.2 seconds"),
    ],
)
def test_what_cannot_be_downloaded_fails_with_the_reason(
    path: str, reason: str, server: str, job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "PATIENCE", 0.2 if path == "slow.png" else 30)
    report = job(f"{server}/{path}", "out")
    assert failures(report)[f"{server}/{path}"].startswith(f"{server}/{path}: {reason}")
    assert sizes(Path("out")) == {}


def test_where_no_server_is_the_message_says_so(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    report = job("http://127.0.0.1:9/x.png", "out")
    assert "it cannot be downloaded (" in report.items[0].reason


@pytest.mark.parametrize("address", ["http:", "https:x.png", "http://", "http://a:port/x.png", "http://[/x.png"])
def test_what_is_no_address_is_refused(address: str, job: Any) -> None:
    with pytest.raises(img2img.UsageError, match="is no address of a picture on the web"):
        job(address, "out")


def test_an_address_with_a_password_is_refused_without_showing_it(job: Any) -> None:
    with pytest.raises(img2img.UsageError, match="holds a user's name or password") as refusal:
        job("https://me:secret@server/x.png", "out")
    assert "secret" not in str(refusal.value)


def test_nothing_leads_from_https_to_http() -> None:
    request = web.Request("https://server/a.png")
    with pytest.raises(img2img.Img2ImgError, match=r"the server points to http://server/a.png, which is not followed"):
        web._Redirections().redirect_request(request, None, 302, "", {}, "http://server/a.png")
