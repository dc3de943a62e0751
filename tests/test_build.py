"""The parts of the build do their work on small sites, and say what is wrong."""

from __future__ import annotations

import ast
import csv
import errno
import gzip
import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import brotli
import pytest

from scripts import build
from scripts.bootstrap import ROOT, SetupError
from scripts.cache import digest
from scripts.catalog import exports, read
from scripts.catalog.exports import Site, feed
from scripts.finish.compress import LEAST, compress
from scripts.finish.finish import replace, typeset
from scripts.finish.links import problems
from scripts.macros import examples
from scripts.pyodide import make
from scripts.survey import peft

URL = "https://example.org/"
SITE = Site(URL, "A site", "Its authors", "2026-01-02", "1.2.3")


def page(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = f"<!doctype html><html lang='en'><head><title>x</title></head><body>{body}</body></html>"
    path.write_text(text, "utf-8")
    return path


# Steps --------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "BUILD", tmp_path / ".build")
    (tmp_path / "in.txt").write_text("one")
    return tmp_path


def test_a_step_runs_when_an_input_or_its_output_has_changed_and_only_then(project: Path) -> None:
    runs: list[str] = []
    output = project / "made" / "out.txt"

    def make() -> None:
        runs.append((project / "in.txt").read_text())
        output.parent.mkdir(exist_ok=True)
        output.write_text("made")

    def step() -> list[str]:
        build.step("copy", ("*.txt",), output, make)
        return runs

    assert step() == ["one"]
    assert step() == ["one"]
    (project / "in.txt").write_text("two")
    assert step() == ["one", "two"]
    output.unlink()
    assert step() == ["one", "two", "two"]


def test_a_step_that_failed_runs_again_and_its_error_names_it(project: Path) -> None:
    output = project / "made.txt"
    output.write_text("from an earlier build")

    def fail() -> None:
        raise ValueError("in.txt is empty")

    for _ in range(2):
        with pytest.raises(SetupError, match=r"^copy failed: in\.txt is empty$"):
            build.step("copy", ("in.txt",), output, fail)


def test_a_step_that_finds_the_disk_full_names_the_file_and_says_what_to_do(project: Path) -> None:
    def fill() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "site/index.html")

    with pytest.raises(
        SetupError, match=r"site/index\.html could not be written: the disk is full"
    ):
        build.step("site", ("in.txt",), project / "made.txt", fill)


def test_a_mistake_in_a_module_is_named_with_its_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = project / "adapters_np" / "lora.py"
    module.parent.mkdir()
    module.write_text("def init():\n    return 1 / 0\n")
    monkeypatch.setattr(build, "OWN", (str(module.parent),))
    found: dict[str, Any] = {}
    exec(compile(module.read_text(), str(module), "exec"), found)
    with pytest.raises(SetupError, match=r"^sweeps failed: adapters_np/lora\.py:2: ZeroDivision"):
        build.step("sweeps", ("in.txt",), project / "made.txt", found["init"])
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (",success\n", "\n", "has 15 cells, where the first line has 16"),
        (",success\n", ",success,1\n", "has 17 cells, where the first line has 16"),
        (",0.74306,", ",much,", "could not convert string to float: 'much'; correct this cell"),
    ],
)
def test_a_wrong_line_of_the_benchmark_is_named(
    tmp_path: Path, old: str, new: str, rule: str
) -> None:
    path = tmp_path / "peft_imagegen.csv"
    text = (ROOT / "docs/data" / path.name).read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(
        ValueError, match=f"^docs/data/peft_imagegen.csv, line 2: {re.escape(rule)}"
    ):
        list(peft.read(path, "imagegen"))


def test_no_cell_of_a_table_is_taken_for_a_formula() -> None:
    script = """
        import { text } from "./demos/widget/csv.js";
        const rows = [["=1+1", "+x", "@a", "-b", '-"c",'], [-1.5, "-2e-3", "a=b", ""]];
        process.stdout.write(text(rows));
    """
    command = ["node", "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = csv.reader(done.stdout.splitlines())
    assert first == ["'=1+1", "'+x", "'@a", "'-b", '\'-"c",']
    assert second == ["-1.5", "-2e-3", "a=b", ""]
    for row in csv.reader(exports.catalog_csv(read(), SITE).splitlines()):
        assert not [cell for cell in row if re.match(r"[=+@-]", cell) and not is_number(cell)]


def is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?\d+(\.\d+)?", text))


@pytest.fixture
def inputs(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """The patterns of all steps by name."""
    found: dict[str, tuple[str, ...]] = {}
    monkeypatch.setattr(make, "make", lambda **_: None)
    monkeypatch.setattr(build, "step", lambda name, patterns, *_: found.update({name: patterns}))
    build.build()
    return found


def test_the_last_pages_stay_until_the_next_ones_are_whole(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = page(project / ".build/pages", "index.html", "last")

    def interrupted(_: str, command: list[Any], **__: Any) -> None:
        page(Path(command[-1]), "index.html", "half of the next")
        raise SetupError("no")

    monkeypatch.setattr(build, "run", interrupted)
    monkeypatch.setattr(peft, "check", lambda: None)
    with pytest.raises(SetupError):
        build.pages()
    assert "last" in last.read_text()
    monkeypatch.setattr(build, "run", lambda _, words, **__: page(words[-1], "index.html", "next"))
    build.pages()
    assert "next" in last.read_text()


# All but the one that reads every source to see which folder imports which.
STEPS = {
    "catalogue",
    "sweeps",
    "fits",
    "widgets",
    "comparisons",
    "lab",
    "pictures",
    "pages",
    "scripts",
    "site",
}
PYTHON = {
    "catalogue": "scripts.catalog.checks",
    "sweeps": "scripts.stored.sweeps",
    "fits": "scripts.stored.fits",
    "widgets": "scripts.stored.widgets",
    "comparisons": "scripts.stored.comparisons",
    "lab": "scripts.stored.lab",
    "pictures": "scripts.stored.cards",
    "pages": "scripts.site_macros",
    "site": "scripts.finish.finish",
}
NODE = {
    "widgets": "scripts/stored/prerender.mjs",
    "comparisons": "scripts/stored/prerender.mjs",
    "scripts": "scripts/finish/bundle.mjs",
    "site": "scripts/finish/typeset.mjs",
}
NO_INPUT = {ROOT / "scripts/bootstrap.py"}  # finds tools and says how they fare: makes no bytes


def test_the_pages_are_made_again_when_an_example_has_changed(
    inputs: dict[str, tuple[str, ...]],
) -> None:
    assert {example.path for example in examples.read()} <= set(build.files(inputs["pages"]))


@pytest.mark.parametrize("step", sorted(PYTHON))
def test_the_inputs_of_a_step_cover_what_its_modules_import(
    step: str, inputs: dict[str, tuple[str, ...]]
) -> None:
    needed = imported(PYTHON[step])
    assert ROOT / f"{PYTHON[step].replace('.', '/')}.py" in needed
    assert needed - NO_INPUT <= set(build.files(inputs[step]))


@pytest.mark.parametrize("step", sorted(NODE))
def test_the_inputs_of_a_step_cover_what_its_scripts_import(
    step: str, inputs: dict[str, tuple[str, ...]]
) -> None:
    assert imported_by_script(ROOT / NODE[step]) <= set(build.files(inputs[step]))


@pytest.mark.parametrize(
    ("file", "steps"),
    [
        ("requirements.txt", STEPS),
        ("package-lock.json", STEPS),
        ("adapters_np/methods/lora.py", STEPS - {"scripts"}),
        ("scripts/catalog/checks.py", {"catalogue"}),
        ("scripts/catalog/peft_signatures.json", {"catalogue"}),
        ("scripts/catalog/exports.py", {"catalogue", "pages", "site"}),
        ("scripts/stored/cards.py", {"pictures", "site"}),
        ("scripts/macros/page.html", {"pages"}),
        ("scripts/finish/typeset.mjs", {"site"}),
        ("demos/page/calculator.js", {"scripts"}),
        ("demos/page/sw.js", {"scripts", "site"}),
        ("demos/widget/draw.js", {"widgets", "comparisons", "lab", "scripts"}),
        ("docs/about.md", {"catalogue", "pages"}),
        ("docs/.nav.yml", {"pages"}),
        ("docs/methods/lora.md", {"catalogue", "comparisons", "lab", "pictures", "pages", "site"}),
    ],
)
def test_a_changed_file_runs_the_steps_that_are_made_from_it(
    file: str, steps: set[str], inputs: dict[str, tuple[str, ...]], project: Path
) -> None:
    for name in ("adapters_np", "demos", "docs", "scripts"):
        shutil.copytree(ROOT / name, project / name)
    for name in build.LOCKS:
        shutil.copy(ROOT / name, project)
    before = {name: digest(project, build.files(patterns)) for name, patterns in inputs.items()}
    with (project / file).open("a") as text:
        text.write("\n")
    after = {name: digest(project, build.files(patterns)) for name, patterns in inputs.items()}
    assert {name for name in STEPS if before[name] != after[name]} == steps
    assert inputs.keys() - STEPS == {"house"}


def imported(module: str, found: set[Path] | None = None) -> set[Path]:
    """Return the project's files that a Python module needs, itself and its packages included."""
    found = set() if found is None else found
    parts = module.split(".")
    for n in range(1, len(parts) + 1):
        base = ROOT.joinpath(*parts[:n])
        path = next(
            (p for p in (base.with_suffix(".py"), base / "__init__.py") if p.exists()), None
        )
        if path is None or path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    imported(alias.name, found)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    imported(f"{node.module}.{alias.name}", found)
    return found


def imported_by_script(path: Path, found: set[Path] | None = None) -> set[Path]:
    """Return the project's files that a script needs, itself included."""
    found = set() if found is None else found
    if path not in found:
        found.add(path)
        for name in re.findall(r'from "(\.[^"]+)"', path.read_text("utf-8")):
            imported_by_script((path.parent / name).resolve(), found)
    return found


# Mathematics --------------------------------------------------------------------------------------


def test_equations_are_typeset_in_the_page(tmp_path: Path) -> None:
    inline = r'<span class="arithmatex">\(a &lt; b\)</span>'
    block = '<div class="arithmatex">\\[\nx^2\n\\]</div>'
    path = page(tmp_path, "index.html", f"<p>{inline}</p>{block}")
    typeset(tmp_path, tmp_path / "equations")
    text = path.read_text("utf-8")
    assert "arithmatex" not in text
    assert text.count('<span class="katex">') == 2
    assert text.count('<span class="katex-display">') == 1
    assert '<annotation encoding="application/x-tex">a &lt; b</annotation>' in text


def test_an_equation_that_katex_rejects_is_named_with_its_page(tmp_path: Path) -> None:
    page(tmp_path, "one/index.html", r'<span class="arithmatex">\(\frac{1\)</span>')
    with pytest.raises(SetupError, match=r"one/index\.html: KaTeX rejects '\\\\frac\{1'"):
        typeset(tmp_path, tmp_path / "equations")


# Links --------------------------------------------------------------------------------------------


def test_links_that_lead_somewhere_pass(tmp_path: Path) -> None:
    page(tmp_path, "one/index.html", '<h2 id="part">x</h2><a href="#part">x</a>')
    links = ("one/", "one/#part", "/one/index.html", f"{URL}one/", "#here", "https://arxiv.org/")
    body = "".join(f'<a href="{link}">x</a>' for link in links)
    page(tmp_path, "index.html", f'<p id="here">{body}</p><code>{{{{ x }}}}</code>')
    assert list(problems(tmp_path, URL)) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<a href="two/">x</a>', "<a> links to two/, which does not exist"),
        ('<a href="one/#no">x</a>', "<a> links to one/#no, which has no such anchor"),
        (f'<a href="{URL}two/">x</a>', "<a> links to /two/, which does not exist"),
        ('<img src="a.png" alt="">', "<img> links to a.png, which does not exist"),
        (
            '<script src="https://cdn.org/a.js"></script>',
            "<script> loads https://cdn.org/a.js from another host",
        ),
        ('<img src="//cdn.org/a.png" alt="">', "<img> loads //cdn.org/a.png from another host"),
        (
            '<a href="http://localhost:8000/one/">x</a>',
            "<a> links to http://localhost:8000/one/, a copy on some machine",
        ),
        ("<p>{{ verdict() }}</p>", "'{{' is left over from a macro"),
        ('<p style="background: url(a.png)">x</p>', "<p> links to a.png, which does not exist"),
    ],
)
def test_what_is_wrong_with_a_page_is_named(tmp_path: Path, body: str, expected: str) -> None:
    page(tmp_path, "one/index.html", "")
    page(tmp_path, "index.html", body)
    assert f"index.html: {expected}" in list(problems(tmp_path, URL))


@pytest.mark.parametrize(
    ("body", "tag"),
    [
        ('<video poster="https://cdn.org/a"></video>', "video"),
        ('<embed src="https://cdn.org/a">', "embed"),
        ('<input type="image" src="https://cdn.org/a" alt="x">', "input"),
        ('<svg><use xlink:href="https://cdn.org/a"/></svg>', "use"),
        ('<svg><image xlink:href="https://cdn.org/a"/></svg>', "image"),
        ('<form action="https://cdn.org/a"></form>', "form"),
        ("<p style=\"background: URL( 'https://cdn.org/a' )\">x</p>", "p"),
        ("<style>p { background: url(https://cdn.org/a) }</style>", "style"),
        ("<style>@import 'https://cdn.org/a';</style>", "style"),
    ],
)
def test_whatever_a_page_loads_from_another_host_is_named(
    tmp_path: Path, body: str, tag: str
) -> None:
    page(tmp_path, "index.html", body)
    expected = f"index.html: <{tag}> loads https://cdn.org/a from another host"
    assert list(problems(tmp_path, URL)) == [expected]


def test_whatever_a_style_loads_from_another_host_or_from_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "a.woff2").touch()
    (tmp_path / "fonts" / "a.css").write_text(
        """
        /* @import "https://cdn.org/comment"; */
        @import "https://cdn.org/a.css" screen;
        @import url(//cdn.org/b.css);
        a { src: url(a.woff2?v=1) format("woff2"), url("../fonts/b.woff2") }
        b { mask: url("data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'>url(c)</svg>") }
        """
    )
    assert list(problems(tmp_path, URL)) == [
        "fonts/a.css: url() loads https://cdn.org/a.css from another host",
        "fonts/a.css: url() loads //cdn.org/b.css from another host",
        "fonts/a.css: url() links to ../fonts/b.woff2, which does not exist",
    ]


# Twins --------------------------------------------------------------------------------------------


def test_twins_hold_the_same_bytes_and_are_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, cache = tmp_path / "site", tmp_path / "cache"
    site.mkdir()
    data = b"words " * LEAST
    (site / "long.js").write_bytes(data)
    (site / "short.js").write_bytes(b"x")
    (site / "picture.png").write_bytes(data)
    compress(site, cache)
    assert brotli.decompress((site / "long.js.br").read_bytes()) == data
    assert gzip.decompress((site / "long.js.gz").read_bytes()) == data
    assert {path.name for path in site.iterdir()} == {
        "long.js", "long.js.br", "long.js.gz", "short.js", "picture.png",
    }  # fmt: skip

    for twin in ("long.js.br", "long.js.gz"):
        (site / twin).unlink()
    monkeypatch.setattr("scripts.finish.compress._pack", None)
    compress(site, cache)
    assert brotli.decompress((site / "long.js.br").read_bytes()) == data


def test_files_of_the_same_content_are_compressed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, cache = tmp_path / "site", tmp_path / "cache"
    data = b"words " * LEAST
    names = [f"{n}.html" for n in range(16)]
    site.mkdir()
    for name in names:
        (site / name).write_bytes(data)
    packed: list[str] = []

    def pack(data: bytes, suffix: str) -> bytes:
        packed.append(suffix)
        time.sleep(0.02)  # every thread is in here at once, if more than one gets here
        return suffix.encode()

    monkeypatch.setattr("scripts.finish.compress._pack", pack)
    compress(site, cache)
    assert sorted(packed) == [".br", ".gz"]
    assert [(site / f"{name}.br").read_bytes() for name in names] == [b".br"] * len(names)
    assert len(list(cache.iterdir())) == 2


def test_a_new_site_takes_the_old_one_s_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.finish.finish.BUILD", tmp_path)
    page(tmp_path, "new/index.html", "new")
    page(tmp_path, "site/gone.html", "old")
    replace(tmp_path / "new", tmp_path / "site")
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["index.html"]


# The feed -----------------------------------------------------------------------------------------

CHANGELOG = """# Changelog

## Unreleased

- Not yet.

## 0.2.0 - 2026-03-04

### Added

- Rank < 8 & more.

## [0.1.0] - 2026-01-02

- First.
"""


def test_the_feed_holds_the_releases_that_are_out() -> None:
    space = "{http://www.w3.org/2005/Atom}"
    tree = ET.fromstring(feed(CHANGELOG, SITE))
    entries = tree.findall(f"{space}entry")
    assert [e.findtext(f"{space}title") for e in entries] == ["0.2.0", "0.1.0"]
    assert tree.findtext(f"{space}updated") == "2026-03-04T00:00:00Z"
    assert "<li>Rank &lt; 8 &amp; more.</li>" in (entries[0].findtext(f"{space}content") or "")


def test_a_feed_without_releases_is_still_a_feed() -> None:
    tree = ET.fromstring(feed("# Changelog\n\n## Unreleased\n\n- Not yet.\n", SITE))
    assert tree.findtext("{http://www.w3.org/2005/Atom}updated") == "2026-01-02T00:00:00Z"
