"""This module downloads pictures by their web addresses."""

from __future__ import annotations

from functools import partial
from http.client import HTTPException, HTTPResponse
from importlib.metadata import version
from time import monotonic
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import img2img
from img2img.errors import ImageError

SCHEMES = ("http", "https")
LARGEST = 1 << 30
"""Bytes of the largest picture that is downloaded."""
PATIENCE, LONGEST = 30, 600
"""Seconds that a server may be silent, and that a download may take."""
REDIRECTIONS = 5
PIECE = 1 << 16
KEPT = "%/:=&?~#+!$,;'@()*[]"
"""What stays as it is in an address; other characters, such as spaces and letters with accents, are escaped."""


class HttpsSource(img2img.AlbumSource):
    """Reads one picture at an `https` address. It is downloaded when its turn comes, into the memory."""

    name = "https"
    summary = "a picture on the web: https://…"
    reads_files = False

    def open(self, address: str) -> img2img.Album:
        return img2img.Album([picture_at(f"{self.name}:{address}")])


class HttpSource(HttpsSource):
    """Reads one picture at an `http` address."""

    name = "http"
    summary = "a picture on the web: http://…"


def picture_at(address: str, name: str = "") -> img2img.NamedPicture:
    """Return a picture on the web.

    Args:
        address: Its address.
        name: Its name; by default the last part of the address, or the server.

    Raises:
        UsageError: It is no address of a picture on the web.
    """
    try:
        parts = urlsplit(address)
        is_fit = parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_fit = False
    if not is_fit:
        raise img2img.UsageError(
            f"{address} is no address of a picture on the web; give one such as https://server/folder/picture.jpg"
        )
    if parts.username or parts.password:
        raise img2img.UsageError(
            f"the address at {parts.hostname} holds a user's name or password, which reports would show; download the "
            "picture yourself, and give the file"
        )
    name = name or unquote(parts.path.rstrip("/").rpartition("/")[2]) or str(parts.hostname)
    return img2img.NamedPicture(name, partial(download, address), address=address)


def download(address: str) -> bytes:
    """Download a picture.

    Raises:
        ImageError: It cannot be downloaded, or it is a web page.
    """
    request = Request(quote(address, KEPT), headers={"User-Agent": f"img2img/{version('img2img-runtime')}"})
    try:
        with build_opener(_Redirections).open(request, timeout=PATIENCE) as response:
            return _content(response)
    except HTTPError as error:
        error.close()
        raise ImageError(f"the server answers {error.code} {error.reason}; check the address") from error
    except TimeoutError as error:
        raise _silent() from error
    except (URLError, HTTPException, OSError, ValueError) as error:
        if isinstance(error, URLError) and isinstance(error.reason, TimeoutError):
            raise _silent() from error
        reason = getattr(error, "reason", None) or error
        raise ImageError(f"it cannot be downloaded ({reason}); check the address and the network") from error


class _Redirections(HTTPRedirectHandler):
    """Follows a few redirections, and none from https to anything else."""

    max_redirections = max_repeats = REDIRECTIONS

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in SCHEMES or (req.type == "https" and scheme != "https"):
            raise ImageError(f"the server points to {newurl}, which is not followed; download the picture yourself")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _content(response: HTTPResponse) -> bytes:
    """Return what a server sends, if it can be a picture.

    Raises:
        ImageError: It is a web page, too large, cut off or too slow.
    """
    if response.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
        raise ImageError(
            "the server sends a web page in place of a picture; give the address of the picture itself (in a browser: "
            "open the image in a new tab)"
        )
    declared, begun, data = response.length, monotonic(), bytearray()
    while len(data) <= LARGEST and (declared or 0) <= LARGEST:
        piece = response.read1(PIECE)
        if not piece:
            if declared is not None and len(data) < declared:
                raise ImageError(f"the download was cut off after {len(data)} of {declared} bytes; run again")
            return bytes(data)
        data += piece
        if monotonic() - begun > LONGEST:
            raise ImageError(f"the download takes more than {LONGEST} seconds; download the picture yourself")
    raise ImageError("it has more than the 1 GiB that one image may have")


def _silent() -> ImageError:
    return ImageError(f"the server is silent for {PATIENCE} seconds; try again later")
