"""The parts of the build do their work on small sites, and say what is wrong."""

from __future__ import annotations

import csv
import errno
import gzip
import json
import os
import re
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import brotli
import pytest

from scripts import build, site_macros
from scripts.bootstrap import ROOT, SetupError
from scripts.build import Step
from scripts.catalog import exports, read
from scripts.catalog.exports import Site
from scripts.finish.compress import LEAST, compress
from scripts.finish.finish import replace, typeset
from scripts.finish.links import problems
from scripts.imports import IDLE, closure
from scripts.survey.facts import peft

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
    """A project of three modules, each of which imports the next one, and of a text."""
    write(tmp_path / "first.py", "from second import main")
    write(tmp_path / "second.py", "def main():\n    from third import make\n    make()")
    copy = "from pathlib import Path\nHERE = Path(__file__).parent\n" + (
        "def make():\n    (HERE / 'out.txt').write_text((HERE / 'in.txt').read_text())"
    )
    write(tmp_path / "third.py", copy)
    write(tmp_path / "in.txt", "one")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("first", "second", "third"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


COPY = Step("copy", "first", "out.txt", ("in.txt",), ())


def runs(project: Path) -> bool:
    """Make the step, and say whether it ran."""
    before = stamp.stat().st_mtime_ns if (stamp := project / ".build/stamps/copy").exists() else 0
    build.make(COPY, root=project)
    return stamp.stat().st_mtime_ns != before


def test_a_step_runs_when_what_it_reads_or_its_output_has_changed_and_only_then(
    project: Path,
) -> None:
    output = project / "out.txt"
    assert (runs(project), output.read_text()) == (True, "one")
    assert not runs(project)
    write(project / "in.txt", "two")
    assert (runs(project), output.read_text()) == (True, "two")
    output.unlink()
    assert runs(project)


@pytest.mark.parametrize("name", ["first", "second", "third"])
def test_a_step_runs_again_when_any_file_that_it_imports_has_changed(
    project: Path, name: str
) -> None:
    assert runs(project)
    with (project / f"{name}.py").open("a") as module:
        module.write("\nfrom fourth import NOTHING\n")
    write(project / "fourth.py", "NOTHING = 0")
    assert runs(project)
    assert not runs(project)
    write(project / "fourth.py", "NOTHING = 1")  # a new file, which no list names
    assert runs(project)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("ValueError('in.txt is empty')", r"^copy failed: in\.txt is empty$"),
        (
            f"OSError({errno.ENOSPC}, 'No space left on device', 'site/index.html')",
            r"site/index\.html could not be written: the disk is full",
        ),
    ],
)
def test_a_step_that_failed_runs_again_and_its_error_says_why(
    project: Path, error: str, told: str
) -> None:
    assert runs(project)
    write(project / "third.py", f"def make():\n    raise {error}")
    for _ in range(2):
        sys.modules.pop("third", None)
        with pytest.raises(SetupError, match=told):
            build.make(COPY, root=project)


@pytest.mark.parametrize("pooled", [False, True])
def test_a_mistake_in_a_module_is_one_line_with_its_place_and_the_way_there_if_asked(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pooled: bool
) -> None:
    write(project / "third.py", "def make():\n    return 1 / 0\n")
    if pooled:  # its traceback comes as a text
        start = "from concurrent.futures import ProcessPoolExecutor as Pool\nimport third\n"
        rest = "def main():\n    with Pool(1) as pool:\n        pool.submit(third.make).result()\n"
        write(project / "second.py", start + rest)
    monkeypatch.setattr(build, "ROOT", project)
    monkeypatch.setattr(build, "BUILD", project)
    monkeypatch.setattr(build, "OWN", (str(project / "third"),))
    monkeypatch.setattr(build, "build", lambda stock: build.make(COPY, root=project))
    message = r"^✗ copy failed: third\.py:2: ZeroDivisionError: .*$"
    for argument, shown in (("", False), ("--trace", True)):
        monkeypatch.setattr(sys, "argv", ["build", *argument.split()])
        with pytest.raises(SystemExit, match=message):
            build.main()
        assert ("Traceback" in capsys.readouterr().err) == shown


@pytest.mark.long
def test_a_build_that_is_interrupted_ends_with_all_that_it_has_started_and_says_nothing() -> None:
    program = (
        "import runpy, sys, time; from scripts import bootstrap\n"
        "from concurrent.futures import ProcessPoolExecutor as Pool\n"
        "def endless(path):\n"
        "    with Pool(1) as pool: pool.submit(print, 'begun', flush=True); time.sleep(600)\n"
        "sys.argv, bootstrap.locked = ['build'], endless\n"
        "runpy.run_module('scripts.build', run_name='__main__')"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as run:  # fmt: skip
        assert run.stdout
        assert run.stdout.readline() == "begun\n"
        os.killpg(run.pid, signal.SIGINT)
        assert run.communicate() == ("", "")


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (",success,\n", ",\n", "has 16 cells, where the first line has 17"),
        (",success,\n", ",success,,1\n", "has 18 cells, where the first line has 17"),
        (",0.74306,", ",much,", "could not convert string to float: 'much'; correct this cell"),
    ],
)
def test_a_wrong_line_of_the_benchmark_is_named(
    tmp_path: Path, old: str, new: str, rule: str
) -> None:
    path = tmp_path / "peft_imagegen.csv"
    text = (ROOT / "docs/data" / path.name).read_text("utf-8")
    path.write_text(text.replace(old, new, 1), "utf-8")
    place = "docs/data/peft_imagegen.csv, line 2: "
    with pytest.raises(ValueError, match=f"^{place}{re.escape(rule)}"):
        list(peft.read(path, "imagegen"))


def test_no_cell_of_a_table_is_taken_for_a_formula() -> None:
    script = """
        import { text } from "./demos/page/csv.js";
        const rows = [["=1+1", "+x", "@a", "-b", '-"c",'], [-1.5, "-2e-3", "a=b", ""]];
        process.stdout.write(text(rows));
    """
    command = ["node", "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = csv.reader(done.stdout.splitlines())
    assert first == ["'=1+1", "'+x", "'@a", "'-b", '\'-"c",']
    assert second == ["-1.5", "-2e-3", "a=b", ""]
    cells = [
        cell for row in csv.reader(exports.catalog_csv(read(), SITE).splitlines()) for cell in row
    ]
    numbers = re.compile(r"[+-]?\d+(\.\d+)?")
    assert not [c for c in cells if re.match(r"[=+@-]", c) and not numbers.fullmatch(c)]


def test_the_last_pages_stay_until_the_next_ones_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = page(tmp_path / ".build/pages", "index.html", "last")

    def interrupted(_: str, command: list[Any], **__: Any) -> None:
        page(Path(command[-1]), "index.html", "half of the next")
        raise SetupError("no")

    monkeypatch.setattr(site_macros, "ROOT", tmp_path)
    monkeypatch.setattr(site_macros, "run", interrupted)
    monkeypatch.setattr(peft, "check", lambda: None)
    with pytest.raises(SetupError):
        site_macros.main()
    assert "last" in last.read_text()
    monkeypatch.setattr(
        site_macros, "run", lambda _, words, **__: page(words[-1], "index.html", "next")
    )
    site_macros.main()
    assert "next" in last.read_text()


LOADED = """
import json, sys
from importlib import import_module

root, *steps = sys.argv[1:]
found = {}
for step in steps:  # what is not the project's own stays imported, which takes most of the time
    import_module(step)
    files = {name: getattr(m, "__file__", None) or "" for name, m in sys.modules.items()}
    own = {n: f for n, f in files.items() if f.startswith(root) and "/.venv/" not in f}
    found[step] = list(own.values())
    for name in own:
        del sys.modules[name]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[Path]]:
    """The project's files that Python loads for the module of each step."""
    modules = [step.module for step in build.STEPS.values()]
    command = [sys.executable, "-c", LOADED, f"{ROOT}/", *modules]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {step: set(map(Path, files)) for step, files in json.loads(done.stdout).items()}


@pytest.mark.long
@pytest.mark.parametrize("step", build.STEPS.values(), ids=lambda step: step.name)
def test_the_inputs_of_a_step_are_what_python_loads_for_it(
    loaded: dict[str, set[Path]], step: Step
) -> None:
    """Python itself is asked here, and the sources are read in the build."""
    own = loaded[step.module]
    assert ROOT / f"{step.module.replace('.', '/')}.py" in own
    assert own - closure([ROOT / IDLE]) <= step.inputs()


EVERY = set(build.STEPS)
INPUTS = cache(Step.inputs)


@pytest.mark.parametrize(
    ("file", "steps"),
    [
        ("requirements.txt", EVERY),
        ("package-lock.json", EVERY),
        ("scripts/bootstrap.py", set()),
        ("adapters_np/methods/lora.py", EVERY - {"scripts"}),
        ("scripts/catalog/peft_signatures.json", {"catalogue", "pages"}),
        ("scripts/finish/release.py", {"scripts", "site"}),
        ("scripts/macros/page.html", {"pages"}),
        ("scripts/finish/typeset.mjs", {"site"}),
        ("demos/page/figure.js", {"scripts", "site"}),
        ("demos/widget/draw.js", {"widgets", "comparisons", "scripts"}),
        ("docs/.nav.yml", {"pages"}),
        ("docs/methods/lora.md", EVERY - {"example", "sweeps", "fits", "widgets", "scripts"}),
    ],
)
def test_a_changed_file_runs_the_steps_that_are_made_from_it(file: str, steps: set[str]) -> None:
    path = ROOT / file
    assert path.is_file()
    assert {name for name, step in build.STEPS.items() if path in INPUTS(step)} == steps


# Mathematics --------------------------------------------------------------------------------------


def test_equations_are_typeset_and_one_that_katex_rejects_is_named_with_its_page(
    tmp_path: Path,
) -> None:
    inline = r'<span class="arithmatex">\(a &lt; b\)</span>'
    block = '<div class="arithmatex">\\[\nx^2\n\\]</div>'
    path = page(tmp_path, "index.html", f"<p>{inline}</p>{block}")
    typeset(tmp_path, tmp_path / "equations")
    text = path.read_text("utf-8")
    assert "arithmatex" not in text
    assert text.count('<span class="katex">') == 2
    assert text.count('<span class="katex-display">') == 1
    assert '<annotation encoding="application/x-tex">a &lt; b</annotation>' in text
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


FOREIGN = "https://cdn.org/a"
WRONG = {
    '<a href="two/">x</a>': "<a> links to two/, which does not exist",
    '<a href="one/#no">x</a>': "<a> links to one/#no, which has no such anchor",
    f'<a href="{URL}three/">x</a>': "<a> links to /three/, which does not exist",
    '<img src="a.png" alt="">': "<img> links to a.png, which does not exist",
    '<img src="//cdn.org/b" alt="">': "<img> loads //cdn.org/b from another host",
    '<a href="http://localhost:8000/">x</a>': (
        "<a> links to http://localhost:8000/, a copy on some machine"
    ),
    "<p>{{ verdict() }}</p>": "'{{' is left over",
    "<p>and [HOFT](../names.md#hoft) too</p>": "'](../names.md#hoft)' is left over",
    '<details markdown="1">**x**</details>': "'<details markdown>' is left over",
    '<p style="background: url(b.png)">x</p>': "<p> links to b.png, which does not exist",
    **{
        body: f"<{tag}> loads {FOREIGN} from another host"
        for tag, body in {
            "script": f'<script src="{FOREIGN}"></script>',
            "video": f'<video poster="{FOREIGN}"></video>',
            "embed": f'<embed src="{FOREIGN}">',
            "input": f'<input type="image" src="{FOREIGN}" alt="x">',
            "use": f'<svg><use xlink:href="{FOREIGN}"/></svg>',
            "image": f'<svg><image xlink:href="{FOREIGN}"/></svg>',
            "form": f'<form action="{FOREIGN}"></form>',
            "q": f"<q style=\"background: URL( '{FOREIGN}' )\">x</q>",
            "style": f"<style>p {{ background: url({FOREIGN}) }}</style>",
        }.items()
    },
}


def test_whatever_is_wrong_with_a_page_is_named(tmp_path: Path) -> None:
    page(tmp_path, "one/index.html", "<style>@import 'https://cdn.org/a';</style>")
    page(tmp_path, "index.html", "".join(WRONG))
    found = list(problems(tmp_path, URL))
    left = {"'}}' is left over"}
    assert {f"index.html: {expected}" for expected in {*WRONG.values()} | left} == {*found[:-1]}
    assert found[-1] == f"one/index.html: <style> loads {FOREIGN} from another host"


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


def test_a_new_site_takes_the_old_one_s_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.finish.finish.BUILD", tmp_path)
    page(tmp_path, "new/index.html", "new")
    page(tmp_path, "site/gone.html", "old")
    replace(tmp_path / "new", tmp_path / "site")
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["index.html"]
