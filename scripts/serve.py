"""Serve the built site as a good static host would.

Compressed files beside the originals are sent where the browser takes them, files with a digest in
their address are kept for ever, all others are asked for again, and every answer carries the site's
policy. A site that was built for a folder of its host is served below that.
"""

from __future__ import annotations

import argparse
import gzip
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from wsgiref.headers import Headers

import waitress
from waitress import wasyncore
from whitenoise import WhiteNoise

from scripts.bootstrap import ROOT
from scripts.finish.policy import policy
from scripts.finish.release import NAMED

SITE = ROOT / "site"
HOST = "127.0.0.1"
MOST = 65_535  # ports
ALONE, ANYWHERE = "frame-ancestors 'none'", "frame-ancestors *"
"""Sites that may frame a page: none, or any where it shows a part of itself alone."""
PARTS = ("?embed=", 'http-equiv="refresh"')
"""In a page that lists its parts, or that leads from an old address to one that may."""


def base(folder: Path) -> str:
    """Return the path that a site was built for, from its home page: "/", or "/repo/"."""
    home = folder / "index.html"
    text = home.read_text("utf-8") if home.is_file() else ""
    address = re.search(r'<link rel="canonical" href="([^"]+)">', text)
    return urlsplit(address[1]).path if address else "/"


def application(folder: Path) -> Any:
    """The WSGI application that answers with the files of a folder, looked up at each request."""
    home = base(folder)

    def not_found(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        page = folder / "404.html"
        body = page.read_bytes() if page.is_file() else b"<!doctype html><title>Not found</title>"
        headers = Headers([("Content-Type", "text/html; charset=utf-8")])
        headers["Content-Length"] = str(len(body))
        add_headers(headers, str(page), "", body.decode())  # a missing file may come back
        start_response("404 Not Found", headers.items())
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def sitemap(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Material follows without a page load only what the sitemap lists, port included."""
        origin = f"http://{environ.get('HTTP_HOST', HOST)}"
        text = (folder / "sitemap.xml").read_text("utf-8")
        body = re.sub(r"(?<=<loc>)https?://[^/<]+", origin, text).encode()
        headers = Headers(
            [("Content-Type", "text/xml; charset=utf-8"), ("Vary", "Accept-Encoding")]
        )
        if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
            body = gzip.compress(body, mtime=0)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body))
        add_headers(headers, "", "")
        start_response("200 OK", headers.items())
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    files = WhiteNoise(
        not_found,
        root=folder,
        prefix=home,
        index_file=True,
        autorefresh=True,
        add_headers_function=add_headers,
        mimetypes={".bib": "text/plain", ".webmanifest": "application/manifest+json"},
    )

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ.pop("wsgi.file_wrapper", None)  # with it waitress leaves open what nobody waits for
        query, frames = environ.get("QUERY_STRING", ""), ALONE
        page = folder / environ["PATH_INFO"].removeprefix(home) / "index.html"
        if "embed" in parse_qs(query, keep_blank_values=True) and page.is_file():
            text = page.read_text("utf-8")
            frames = ANYWHERE if any(part in text for part in PARTS) else ALONE

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            sent = [
                (name, f"{value}?{query}" if query and name == "Location" else value)
                for name, value in ((name, v.replace(ALONE, frames)) for name, v in headers)
            ]
            return start_response(status, sent, *rest)

        asked = environ.get("PATH_INFO") == f"{home}sitemap.xml"
        if asked and (folder / "sitemap.xml").is_file():
            return sitemap(environ, start)
        return files(environ, start)

    return answer


def add_headers(headers: Headers, path: str, url: str, html: str | None = None) -> None:
    if html is None:
        html = Path(path).read_text("utf-8") if path.endswith(".html") else ""
    kept = "public, max-age=31536000, immutable" if NAMED.search(url) else "no-cache"
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Cache-Control"] = kept
    headers["Content-Security-Policy"] = f"{policy(html)}; {ALONE}"
    headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    headers["X-Content-Type-Options"] = "nosniff"


@contextmanager
def serving(
    folder: Path = SITE, port: int = 0, app: Callable[[Path], Any] = application
) -> Iterator[str]:
    """Serve a folder from another thread for as long as the context lasts.

    Args:
        port: The port on this machine; 0 chooses a free one.
        app: What makes the application that answers with the files of a folder.

    Yields:
        The address, with a slash at its end.

    Raises:
        OSError: The port is taken.
    """
    sockets: dict[int, Any] = {}
    try:
        server = waitress.create_server(app(folder), map=sockets, host=HOST, port=port, threads=8)
    except OSError:
        wasyncore.close_all(sockets)
        raise
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # pages ask for much at once
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            wasyncore.loop(map=sockets, count=1)

    thread = threading.Thread(target=run, name="serve", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.effective_port}{base(folder)}"
    finally:
        ended.set()
        server.trigger.pull_trigger()  # wakes the thread; what it is woken by may close only after
        thread.join()
        server.task_dispatcher.shutdown()
        for channel in list(server.active_channels.values()):
            channel.handle_close()  # and the file that holds what was not sent
        wasyncore.close_all(sockets)


def port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or int(text) > MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 (any free one) to {MOST}")
    return int(text)


def parser(description: str | None) -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--port", type=port, default=8000)
    return options


@contextmanager
def clean_end() -> Iterator[None]:
    """Say in a line why a port cannot be had, and take an interruption for the end."""
    try:
        yield
    except KeyboardInterrupt:
        print()
    except OSError as error:
        sys.exit(f"✗ this port cannot be used: {error.strerror}. Choose another with --port.")
