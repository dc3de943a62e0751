"""A plain host that a release arrives at file by file, with caches that believe it for a while."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

from scripts.finish.release import add_names

TWINS = (".br", ".gz")
PAGES = ("/", ".html", ".xml", "/search_index.json")
"""The ends of addresses that are the same in every release."""


class Host:
    def __init__(self, folder: Path) -> None:
        self.pages = self.files = folder
        self.max_age = 600
        self.address = ""

    def find(self, path: str) -> Path:
        folder = self.pages if path.endswith(PAGES) else self.files
        return folder / unquote(path).lstrip("/") / ("index.html" if path.endswith("/") else "")


@contextmanager
def hosting(folder: Path) -> Iterator[Host]:
    """Serve a folder, or from then on what is put into the host's `pages` and `files`."""
    host = Host(folder)

    class Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)  # queries are ignored, as some hosts do
            file = host.find(address.path)
            status = 200 if file.is_file() else 404
            file = file if status == 200 else host.pages / "404.html"
            self.send(status, file.read_bytes(), self.guess_type(file.name))

        def send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/javascript" if kind.endswith("script") else kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", f"max-age={host.max_age}")
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # the browser has lost interest

        def log_message(self, *_: Any) -> None: ...

    Handler.extensions_map = Handler.extensions_map | {
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    host.address = f"http://127.0.0.1:{server.server_port}/"
    yield host
    server.shutdown()
    server.server_close()


def copy(site: Path, folder: Path) -> Path:
    """Copy a built site without its twins, so that each file can be changed."""

    def one(source: str, target: str) -> None:
        (shutil.copyfile if source.endswith(".html") else os.link)(source, target)

    twins = shutil.ignore_patterns(*(f"*{twin}" for twin in TWINS))
    shutil.copytree(site, folder, copy_function=one, ignore=twins)
    return folder


def next_release(site: Path, folder: Path, url: str) -> Path:
    """Make another release of a site: other pages, another style, other code in all scripts."""
    copy(site, folder)
    for path in folder.glob("assets/demo/*"):
        if path.suffix in (".js", ".css"):
            data = path.read_bytes()
            if path.name.startswith("adapter-demo-"):
                data += b';document.documentElement.dataset.release="B";'
            if path.name.startswith("demo-"):
                data += b"adapter-demo { --release: new }\n"
            path.unlink()
            path.write_bytes(data + (b"\n//B" if path.suffix == ".js" else b""))
    for path in folder.rglob("index.html"):
        path.write_text(path.read_text("utf-8").replace("</h1>", " (new)</h1>", 1), "utf-8")
    add_names(folder, url)
    return folder
