"""The local server answers as the site needs it, over real HTTP."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pytest

from scripts import preview
from scripts.finish.policy import policy
from scripts.preview import reloading
from scripts.serve import parser, serving

DIGEST = "0123456789abcdef" * 2
SCRIPT = "document.title = 'Grüße'"
PAGE = f"<!doctype html><title>x</title><script>{SCRIPT}</script><script src='a.js'></script>" + (
    '<a href="?embed=try-one">One</a>'
)
TEXT = b"export const words = 'words words words words words words words words words'"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    files = {
        "index.html": PAGE.encode(),
        "404.html": b"<!doctype html><title>No such page</title>",
        "methods/one/index.html": PAGE.encode(),
        "methods/old/index.html": b'<meta http-equiv="refresh" content="0; url=../one/">',
        "about/index.html": b"<!doctype html><title>About</title>",
        f"assets/py/{DIGEST}/python.wasm": b"\0asm",
        f"assets/py/{DIGEST}/core.mjs": TEXT,
        f"assets/demo/draw-{DIGEST}.js": TEXT,
        "assets/demo/adapter-demo.js": TEXT,
        "catalog.json": b"{}",
        "sitemap.xml": b"<urlset><url><loc>https://example.org/methods/one/</loc></url></urlset>",
    }
    for name, data in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    core = folder / f"assets/py/{DIGEST}/core.mjs"
    Path(f"{core}.br").write_bytes(brotli.compress(TEXT))
    Path(f"{core}.gz").write_bytes(gzip.compress(TEXT))
    (folder.parent / "secret.txt").write_text("secret")
    with serving(folder) as address:
        yield address


class Answer:
    def __init__(self, site: str, path: str, method: str = "GET", **headers: str) -> None:
        connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=120)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=fields)
        with connection.getresponse() as response:
            self.status = response.status
            self.headers = response.headers
            self.body = response.read()
        connection.close()


KEPT, ASKED = "public, max-age=31536000, immutable", "no-cache"
HTML, SCRIPTS = 'text/html; charset="utf-8"', 'text/javascript; charset="utf-8"'


@pytest.mark.parametrize(
    ("path", "status", "media_type", "kept"),
    [
        ("/", 200, HTML, ASKED),
        ("/methods/one/", 200, HTML, ASKED),
        ("/catalog.json", 200, "application/json", ASKED),
        ("/assets/demo/adapter-demo.js", 200, SCRIPTS, ASKED),
        (f"/assets/demo/draw-{DIGEST}.js", 200, SCRIPTS, KEPT),
        (f"/assets/py/{DIGEST}/core.mjs", 200, SCRIPTS, KEPT),
        (f"/assets/py/{DIGEST}/python.wasm", 200, "application/wasm", KEPT),
        (f"/assets/py/{DIGEST}/none.wasm", 404, "text/html; charset=utf-8", ASKED),
        ("/none", 404, "text/html; charset=utf-8", ASKED),
        ("/methods/", 404, "text/html; charset=utf-8", ASKED),
        ("/../secret.txt", 404, "text/html; charset=utf-8", ASKED),
        ("/%2e%2e/secret.txt", 404, "text/html; charset=utf-8", ASKED),
        ("/methods/one/%00", 404, "text/html; charset=utf-8", ASKED),
    ],
)
def test_every_answer_says_what_it_is_how_long_it_is_kept_and_what_it_may_do(
    site: str, path: str, status: int, media_type: str, kept: str
) -> None:
    answer = Answer(site, path)
    headers = answer.headers
    assert (answer.status, headers["Content-Type"]) == (status, media_type)
    assert (b"No such page" in answer.body) == (status == 404)
    assert headers["Cache-Control"] == kept
    assert headers["Access-Control-Allow-Origin"] == "*"  # frames without an origin read it
    assert headers["X-Content-Type-Options"] == "nosniff"
    rules = dict(
        rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";")
    )
    assert rules["default-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert "'unsafe-inline'" not in rules["script-src"]
    assert "'unsafe-eval'" not in rules["script-src"].split()
    assert not any("http" in value or "*" in value for value in rules.values())
    head = Answer(site, path, "HEAD")
    assert (head.status, head.body) == (status, b"")


@pytest.mark.parametrize("query", ["", "?rank=8&x=a%20b"])
def test_an_address_without_its_slash_is_sent_to_the_folder(site: str, query: str) -> None:
    answer = Answer(site, f"/methods/one{query}")
    assert (answer.status, answer.headers["Location"]) == (302, f"one/{query}")


def test_the_smallest_file_that_the_browser_takes_is_sent(site: str) -> None:
    path = f"/assets/py/{DIGEST}/core.mjs"
    best = Answer(site, path, Accept_Encoding="gzip, deflate, br")
    assert best.headers["Content-Encoding"] == "br"
    assert brotli.decompress(best.body) == TEXT
    older = Answer(site, path, Accept_Encoding="gzip")
    assert older.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(older.body) == TEXT
    plain = Answer(site, path)
    assert plain.headers["Content-Encoding"] is None
    assert plain.body == TEXT
    assert {answer.headers["Vary"] for answer in (best, older, plain)} == {"Accept-Encoding"}


def test_the_sitemap_lists_the_addresses_of_this_server(site: str) -> None:
    answer = Answer(site, "/sitemap.xml")
    assert f"<loc>{site}methods/one/</loc>" in answer.body.decode()
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    packed = Answer(site, "/sitemap.xml", Accept_Encoding="gzip, br")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == answer.body
    assert {answer.headers["Vary"], packed.headers["Vary"]} == {"Accept-Encoding"}


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("methods/one/?embed", "*"),
        ("methods/one/?rank=4&embed=try-one", "*"),
        ("methods/one/?embed=gone", "*"),
        ("methods/old/?embed=try-one", "*"),
        ("methods/one/?rank=4", "'none'"),
        ("methods/one/?x=embed", "'none'"),
        ("about/?embed", "'none'"),
    ],
)
def test_a_part_of_a_page_may_be_shown_in_any_frame(site: str, address: str, who: str) -> None:
    answer = Answer(site, f"/{address}")
    assert answer.headers["Content-Security-Policy"].endswith(f"; frame-ancestors {who}")
    assert answer.status == 200


def test_a_page_allows_its_own_inline_scripts_by_their_hash(site: str) -> None:
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in Answer(site, "/").headers["Content-Security-Policy"]
    assert policy(PAGE).count("sha256-") == 1


def test_the_port_is_free_again_after_the_server_has_ended(tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        port = urlsplit(address).port
        assert port
        with pytest.raises(OSError, match="in use"), serving(tmp_path, port):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    with serving(tmp_path, port) as address:
        assert Answer(address, "/").status == 404


def test_a_site_that_was_built_for_a_folder_is_served_below_it(tmp_path: Path) -> None:
    canonical = '<link rel="canonical" href="https://example.org/repo/">'
    (tmp_path / "index.html").write_text(f"<!doctype html><title>x</title>{canonical}")
    sitemap = "<urlset><url><loc>https://example.org/repo/one/</loc></url></urlset>"
    (tmp_path / "sitemap.xml").write_text(sitemap)
    with serving(tmp_path) as address:
        assert urlsplit(address).path == "/repo/"
        assert Answer(address, "/repo/").status == 200
        assert f"<loc>{address}one/</loc>" in Answer(address, "/repo/sitemap.xml").body.decode()
        assert Answer(address, "/").status == 404
        assert Answer(address, "/sitemap.xml").status == 404


@pytest.mark.parametrize("text", ["-1", "99999", "65536", "x", "80.5", ""])
def test_a_number_that_is_no_port_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parser("").parse_args([f"--port={text}"])
    assert caught.value.code == 2
    assert f"{text!r} is no port: 0 (any free one) to 65535" in capsys.readouterr().err


# While it is edited -------------------------------------------------------------------------------


def test_a_page_gets_the_script_that_reloads_it_and_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index.html").write_text(PAGE, "utf-8")
    monkeypatch.setattr(preview, "FAULT", fault := tmp_path / "fault.txt")
    with serving(tmp_path, app=reloading) as address:
        first = Answer(address, "/", Accept_Encoding="gzip")
        assert first.body.startswith(PAGE.encode())
        assert int(first.headers["Content-Length"]) == len(first.body)
        found = re.search(rb'<script src="(/__reload.js)\?(\w+)">', first.body)
        assert found
        assert Answer(address, found[1].decode()).headers["Content-Type"] == "text/javascript"
        assert Answer(address, "/__version/").body == found[2]
        (tmp_path / "index.html").write_text(f"{PAGE} ", "utf-8")
        assert Answer(address, "/__version/").body not in (b"", found[2])
        fault.write_text("docs/a.md: theme: 'x' is none", "utf-8")
        assert Answer(address, "/__version/").body.endswith(b"\ndocs/a.md: theme: 'x' is none")
        fault.unlink()
        for outside in ("none/", "../", "%2e%2e/"):
            assert Answer(address, f"/__version/{outside}").body == b""
