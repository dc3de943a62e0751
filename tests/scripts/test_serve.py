"""The local server answers as the site needs it, over real HTTP."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pytest

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


def test_a_folder_answers_with_its_index(site: str) -> None:
    answer = Answer(site, "/methods/one/")
    assert (answer.status, answer.body) == (200, PAGE.encode())
    assert answer.headers["Content-Type"] == 'text/html; charset="utf-8"'


@pytest.mark.parametrize("query", ["", "?rank=8&x=a%20b"])
def test_an_address_without_its_slash_is_sent_to_the_folder(site: str, query: str) -> None:
    answer = Answer(site, f"/methods/one{query}")
    assert (answer.status, answer.headers["Location"]) == (302, f"one/{query}")


@pytest.mark.parametrize(
    "path", ["/none", "/methods/", "/../secret.txt", "/%2e%2e/secret.txt", "/methods/one/%00"]
)
def test_an_unknown_address_answers_404_with_the_page_for_it(site: str, path: str) -> None:
    answer = Answer(site, path)
    assert answer.status == 404
    assert b"No such page" in answer.body
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_head_request_answers_without_a_body(site: str) -> None:
    assert (Answer(site, "/", "HEAD").status, Answer(site, "/", "HEAD").body) == (200, b"")
    assert (Answer(site, "/none", "HEAD").status, Answer(site, "/none", "HEAD").body) == (404, b"")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        (f"/assets/py/{DIGEST}/python.wasm", "application/wasm"),
        (
            f"/assets/py/{DIGEST}/core.mjs",
            'text/javascript; charset="utf-8"',
        ),
        ("/catalog.json", "application/json"),
    ],
)
def test_a_file_has_the_media_type_that_browsers_ask_for(
    site: str, path: str, media_type: str
) -> None:
    assert Answer(site, path).headers["Content-Type"] == media_type


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


@pytest.mark.parametrize(
    "path",
    [
        f"/assets/py/{DIGEST}/python.wasm",
        f"/assets/py/{DIGEST}/core.mjs",
        f"/assets/demo/draw-{DIGEST}.js",
    ],
)
def test_a_file_with_a_hash_in_its_address_is_kept(site: str, path: str) -> None:
    assert "immutable" in Answer(site, path).headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/catalog.json", "/assets/demo/adapter-demo.js", "/none"])
def test_any_other_file_is_asked_for_again(site: str, path: str) -> None:
    assert Answer(site, path).headers["Cache-Control"] == "no-cache"


def test_a_missing_file_below_a_hash_is_asked_for_again(site: str) -> None:
    answer = Answer(site, f"/assets/py/{DIGEST}/none.wasm")
    assert (answer.status, answer.headers["Cache-Control"]) == (404, "no-cache")


def test_the_sitemap_lists_the_addresses_of_this_server(site: str) -> None:
    answer = Answer(site, "/sitemap.xml")
    assert f"<loc>{site}methods/one/</loc>" in answer.body.decode()
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    packed = Answer(site, "/sitemap.xml", Accept_Encoding="gzip, br")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == answer.body
    assert {answer.headers["Vary"], packed.headers["Vary"]} == {"Accept-Encoding"}


def test_an_unchanged_file_is_not_sent_twice(site: str) -> None:
    tag = Answer(site, "/catalog.json").headers["ETag"]
    again = Answer(site, "/catalog.json", If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/catalog.json", "/none"])
def test_every_answer_forbids_other_hosts_and_inline_scripts(site: str, path: str) -> None:
    rules = dict(
        rule.strip().split(" ", 1)
        for rule in Answer(site, path).headers["Content-Security-Policy"].split(";")
    )
    assert rules["default-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert "'unsafe-inline'" not in rules["script-src"]
    assert "'unsafe-eval'" not in rules["script-src"].split()
    assert not any("http" in value or "*" in value for value in rules.values())


@pytest.mark.parametrize(
    ("query", "who"),
    [
        ("?embed", "*"),
        ("?rank=4&embed=try-one", "*"),
        ("?embed=nope", "'none'"),
        ("?rank=4", "'none'"),
        ("?x=embed", "'none'"),
    ],
)
def test_a_part_of_a_page_may_be_shown_in_any_frame(site: str, query: str, who: str) -> None:
    answer = Answer(site, f"/methods/one/{query}")
    assert answer.headers["Content-Security-Policy"].endswith(f"; frame-ancestors {who}")
    assert answer.status == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/catalog.json", "/assets/demo/adapter-demo.js", f"/assets/py/{DIGEST}/core.mjs"],
)
def test_frames_without_an_origin_may_read_every_file(site: str, path: str) -> None:
    assert Answer(site, path).headers["Access-Control-Allow-Origin"] == "*"


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


def test_the_ports_that_there_are_pass() -> None:
    assert [parser("").parse_args(["--port", p]).port for p in ("0", "65535")] == [0, 65535]


def test_many_requests_at_once_are_nothing_to_say(
    site: str, caplog: pytest.LogCaptureFixture
) -> None:
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: Answer(site, "/").status, range(256)))
    assert answers == [200] * 256
    assert [record.getMessage() for record in caplog.records] == []


# While it is edited -------------------------------------------------------------------------------


def test_a_page_gets_the_script_that_reloads_it_when_it_has_changed(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(PAGE, "utf-8")
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
        for outside in ("none/", "../", "%2e%2e/"):
            assert Answer(address, f"/__version/{outside}").body == b""
