"""Files get names that tell their content, and whoever names them is told."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts.bootstrap import ROOT, SetupError
from scripts.catalog.exports import built_site, read_site
from scripts.finish.links import problems, target
from scripts.finish.release import DIGITS, NAMED, add_names, add_python, place_python

ANY = "?" * DIGITS
URL = "https://example.org/repo/"
FILES = {
    "index.html": '<head></head><script src="assets/demo/a.js"></script>'
    '<i data-sweep="b-sweep-ABCDEFGH.bin"></i>'
    '<script>{"search": "assets/s.0123abcd.min.js"}</script>',
    "404.html": '<head></head><link rel="stylesheet" href="/repo/assets/one.css?x">',
    "one/index.html": '<head></head><link rel="stylesheet" href="../assets/one.css">',
    "catalog.json": "{}",
    "assets/one.css": "p { src: url(fonts/f.woff2) } q { src: url('fonts/f.woff2') }",
    "assets/fonts/f.woff2": "font",
    "assets/s.0123abcd.min.js": "search",
    "assets/demo/a.js": 'import"./chunk-QWERTY22.js";new Worker("w.js");get("names.json")',
    "assets/demo/chunk-QWERTY22.js": 'import("./late-QWERTY33.js");say("not-there.js")',
    "assets/demo/late-QWERTY33.js": "late()",
    "assets/demo/w.js": "work()",
    "assets/demo/b-sweep-ABCDEFGH.bin": "numbers",
    "assets/demo/b.html": '<form data-sweep="b-sweep-ABCDEFGH.bin"></form>',
    "assets/demo/b.json": "{}",
    "assets/demo/c.html": "<form></form>",
    "assets/demo/c.json": '{"c": 1}',
    "assets/pictures/p-0123.png": "picture",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    add_names(tmp_path, URL)
    return tmp_path


def listing(site: Path) -> dict[str, bytes]:
    return {p.relative_to(site).as_posix(): p.read_bytes() for p in site.rglob("*") if p.is_file()}


def only(site: Path, pattern: str) -> Path:
    (path,) = site.glob(pattern)
    return path


def test_a_name_tells_the_content(site: Path) -> None:
    names = [name for name in listing(site) if name.startswith("assets/")]
    assert len(names) == len([name for name in FILES if name.startswith("assets/")]) + 1
    for name in names:
        if not name.startswith("assets/pictures/"):
            match = NAMED.search(f"/{name}")
            assert match, name
            assert match[2] == hashlib.sha256((site / name).read_bytes()).hexdigest()[:DIGITS]


def test_whoever_names_a_file_names_it_as_it_is(site: Path) -> None:
    home = (site / "index.html").read_text()
    for pattern in ("assets/demo/a-*.js", "assets/s-*.js"):
        assert f'"{only(site, pattern).relative_to(site)}"' in home
    sweep = only(site, "assets/demo/b-sweep-*.bin").name
    assert f'data-sweep="{sweep}"' in home
    assert f'data-sweep="{sweep}"' in only(site, f"assets/demo/b-{ANY}.html").read_text()
    code = only(site, "assets/demo/a-*.js").read_text()
    for pattern in ("chunk-*.js", "w-*.js", "names-*.json"):
        assert only(site, f"assets/demo/{pattern}").name in code
    chunk = only(site, "assets/demo/chunk-*.js").read_text()
    assert only(site, "assets/demo/late-*.js").name in chunk
    assert "not-there.js" in chunk
    font = only(site, "assets/fonts/f-*.woff2").name
    assert only(site, "assets/one-*.css").read_text().count(f"fonts/{font}") == 2
    assert list(problems(site, URL)) == []


def test_absolute_addresses_begin_with_the_folder_of_the_site(site: Path) -> None:
    style = only(site, "assets/one-*.css").name
    assert f'href="/repo/assets/{style}?x"' in (site / "404.html").read_text()
    assert target(site, site / "404.html", "/repo/one/", URL) == site / "one" / "index.html"
    assert target(site, site / "one/index.html", "..", URL) == site / "index.html"
    assert target(site, site / "one/index.html", "/other/", URL) is None
    assert target(site, site / "one/index.html", "../../x.css", URL) is None
    link = '<!doctype html><a href="/assets/">x</a>'
    (site / "404.html").write_text(link)
    assert list(problems(site, URL)) == [
        "404.html: <a> links to /assets/, which does not exist",
    ]


def test_scripts_find_the_files_whose_names_they_make_up(site: Path) -> None:
    table = json.loads(only(site, "assets/demo/names-*.json").read_text())
    assert list(table) == ["b.html", "b.json", "c.html", "c.json"]
    for name, now in table.items():
        stem, _, suffix = name.partition(".")
        assert now == only(site, f"assets/demo/{stem}-{ANY}.{suffix}").name


def test_names_change_with_the_content_up_to_the_page_and_no_further(site: Path) -> None:
    before = listing(site)
    table = only(site, "assets/demo/names-*.json")
    os.link(table, site / "elsewhere")
    add_names(site, URL)
    assert not table.samefile(site / "elsewhere")  # links to another site's files are not written
    (site / "elsewhere").unlink()
    assert listing(site) == before
    late = only(site, "assets/demo/late-*.js")
    late.write_text("later()")
    add_names(site, URL)
    after = listing(site)
    gone = {name.rpartition("-")[0] for name in before.keys() - after.keys()}
    assert gone == {"assets/demo/late", "assets/demo/chunk", "assets/demo/a"}
    release = '<meta name="release"'
    assert all(
        text.count(release.encode()) == 1 for name, text in after.items() if name[-6:] == "x.html"
    )
    assert before["one/index.html"] != after["one/index.html"]  # its tag


def test_files_that_name_each_other_are_refused(site: Path) -> None:
    (site / "assets/x.js").write_text('import"./y.js"')
    (site / "assets/y.js").write_text('import"./x.js"')
    with pytest.raises(SetupError, match=r"assets/x\.js → assets/y\.js → assets/x\.js"):
        add_names(site, URL)


def test_python_s_files_lie_in_folders_that_tell_their_content(tmp_path: Path) -> None:
    packed, site = tmp_path / "py", tmp_path / "site"
    for name in ("k1/core.wasm", "k1/core.wasm.br", "k1/wheels/x.whl"):
        (packed / name).parent.mkdir(parents=True, exist_ok=True)
        (packed / name).write_text(name)
    listed = {"folder": "k1/wheels", "files": {"core.wasm": {"path": "k1/core.wasm"}}}
    (packed / "manifest.json").write_text(json.dumps(listed))
    add_python(site, packed)
    core = place_python(packed)["files"]["core.wasm"]["path"]
    data = (site / "assets/py" / core).read_bytes()
    assert core.partition("/")[0] == hashlib.sha256(data).hexdigest()[:DIGITS]
    assert (site / "assets/py" / f"{core}.br").is_file()
    assert (site / "assets/py/k1/wheels/x.whl").is_file()


# The site's address -------------------------------------------------------------------------------


def test_the_site_has_the_address_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for given in ("https://x.github.io/repo", "https://x.github.io/repo/"):
        monkeypatch.setenv("SITE_URL", given)
        assert read_site().url == "https://x.github.io/repo/"
    monkeypatch.delenv("SITE_URL")
    assert read_site().url == "https://adapters-as-hypotheses.github.io/"
    for given in ("", "x.github.io/repo", "ftp://x.org/", "https://x.org/?a"):
        monkeypatch.setenv("SITE_URL", given)
        with pytest.raises(SetupError, match="SITE_URL"):
            read_site()


def test_a_build_is_of_the_day_and_the_commit_of_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mkdocs.yml", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert built_site(tmp_path) == read_site(tmp_path)  # an archive of it has no history
    when = {"GIT_COMMITTER_DATE": "2031-05-06T23:30:00-05:00"}  # the next day in UTC
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org")
    for words in (("init",), ("add", "."), ("commit", "-m", "x")):
        subprocess.run((*git, *words), cwd=tmp_path, env=os.environ | when, check=True)
    built = built_site(tmp_path)
    assert (built.date, len(built.commit)) == ("2031-05-07", 12)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert built_site(tmp_path).date == "1970-01-01"
    with (tmp_path / "CITATION.cff").open("a") as file:
        file.write("\n")
    dirty = built_site(tmp_path)
    assert (dirty.date, dirty.commit) == (f"{datetime.now(UTC):%Y-%m-%d}", f"{built.commit}-dirty")
