"""Python starts in a real browser, answers like CPython, and says what is wrong when it cannot."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Error, Page, Worker

from adapters_np.core import slugs
from demos.probe import probe, settings
from scripts.bootstrap import CHROMIUM_FLAGS, shell
from scripts.finish.release import LARGE, add_python, place_python
from scripts.serve import serving
from tests.browser.reader import becomes

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent / "workbench"
ENTRIES = (ROOT / "demos" / "python" / "worker.js", HERE / "page.js", HERE / "bare.js")

ASK = """([method, knobs]) => python.ask({}, { type: "probe", method, knobs }).then(
  ({ panels, sentence }) => JSON.parse(
    JSON.stringify({ panels, sentence }, (_, v) => ArrayBuffer.isView(v) ? Array.from(v) : v)
  ),
  ({ kind, knob, message }) => ({ kind, knob, message }),
)"""

COMPARE = """([method, equal]) => {
  const side = (method) => ({ method, name: method, knob: "knob", own: {} });
  const comparison = { a: side("lora"), b: side(method), world: {}, equal };
  return python.ask({}, { type: "compare", ...comparison }).then(
    ({ sentence }) => ({ sentence }),
    ({ kind, message }) => ({ sentence: "", kind, message }),
  );
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of one page with the packed Python, to be served as it is."""
    folder = tmp_path_factory.mktemp("workbench")
    packed = ROOT / ".build" / "py"
    if not (packed / "manifest.json").is_file():
        pytest.fail(f"{packed} holds no Python; run python3 scripts/dev.py build")
    shutil.copytree(packed, folder / "assets/py")
    bundle(folder, manifest(folder))
    shutil.copy(HERE / "index.html", folder / "assets/demo")
    return folder


def bundle(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the scripts of the site."""
    subprocess.run(
        [
            *(ROOT / "node_modules/.bin/esbuild", *ENTRIES, "--bundle", "--format=esm"),
            f"--define:MANIFEST={json.dumps(manifest)}",
            *(f"--outdir={folder / 'assets/demo'}", "--entry-names=[name]", "--log-level=error"),
            "--allow-overwrite",
        ],
        check=True,
    )


@pytest.fixture(scope="module")
def workbench(folder: Path) -> Iterator[str]:
    with serving(folder) as address:
        yield f"{address}assets/demo/"


@pytest.fixture
def damaged(folder: Path, tmp_path: Path) -> Path:
    """A copy of the site whose files can be damaged."""
    return Path(shutil.copytree(folder, tmp_path / "site", copy_function=os.link))


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "assets/py/manifest.json").read_text())
    return found


def replace(folder: Path, role: str, change: Any) -> None:
    """Change the bytes of a file, or remove it where they become None."""
    file = folder / "assets/py" / manifest(folder)["files"][role]["path"]
    data = change(file.read_bytes())
    for path in (file, Path(f"{file}.br"), Path(f"{file}.gz")):
        path.unlink(missing_ok=True)
    if data is not None:
        file.write_bytes(data)


def ask(page: Page, method: str, **knobs: Any) -> Any:
    return page.evaluate(ASK, [method, knobs])


def bare(page: Page, workbench: str) -> Worker:
    page.goto(workbench)
    with page.expect_worker() as started:
        page.evaluate("() => void (globalThis.bare = new Worker('bare.js', { type: 'module' }))")
    started.value.evaluate("async () => void (globalThis.py = await pyodide)")
    return started.value


def test_a_probe_in_the_browser_gives_the_numbers_of_cpython(page: Page, workbench: str) -> None:
    page.goto(workbench)
    answer = ask(page, "lora", rank=3, seed=5)
    expected = probe("lora", {"rank": 3, "seed": 5})
    assert answer["sentence"] == expected["sentence"]
    for ours, theirs in zip(answer["panels"], expected["panels"], strict=True):
        assert ours["name"] == theirs["name"]
        for a, b in zip(numbers(ours), numbers(theirs), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def numbers(panel: dict[str, Any]) -> list[Any]:
    parts = panel.get("views") or panel.get("lines") or [{"values": panel.get("value")}]
    return [part["values"] for part in parts]


def test_an_impossible_knob_is_named_and_the_next_request_is_answered(
    page: Page, workbench: str
) -> None:
    page.goto(workbench)
    error = ask(page, "lora", rank=99)
    assert (error["kind"], error["knob"]) == ("knob", "rank")
    assert error["message"].startswith("rank=99")
    assert ask(page, "lora")["sentence"] == probe("lora", {})["sentence"]


def test_progress_ends_at_the_size_that_was_announced(page: Page, workbench: str) -> None:
    page.route(
        "**/late.bin", lambda _: None
    )  # it is fetched after the start, whose progress this is
    page.goto(workbench)
    announced = page.evaluate("python.bytes")
    ask(page, "lora")
    progress = page.evaluate("progress")
    loaded = [step["loaded"] for step in progress]
    assert loaded == sorted(loaded)
    assert {step["total"] for step in progress[-3:]} == {announced}
    assert progress[-1] == {"loaded": announced, "total": announced, "stage": "start"}
    late = {"library.zip", "python_stdlib.zip", "code.zip", "late.bin"}
    files = manifest_files(page).items()
    assert announced == sum(file["download"] for role, file in files if role not in late)


def manifest_files(page: Page) -> dict[str, Any]:
    files: dict[str, Any] = page.evaluate(
        "fetch('../py/manifest.json').then(response => response.json()).then(({ files }) => files)"
    )
    return files


@pytest.mark.parametrize(
    ("query", "runtime", "late"),
    [
        ("", "snapshot", {"library.zip", "python_stdlib.zip", "code.zip", "late.bin"}),
        ("?runtime=bytecode", "bytecode", {"library.zip", "snapshot.bin"}),
    ],
    ids=["snapshot", "bytecode"],
)
def test_the_first_answer_needs_only_the_files_of_its_runtime(
    page: Page, workbench: str, query: str, runtime: str, late: set[str]
) -> None:
    requested: set[str] = set()
    page.context.on("request", lambda request: requested.add(request.url.partition("/py/")[2]))
    page.goto(workbench + query)
    ask(page, "lora")
    assert page.evaluate("python.runtime") == runtime
    files = manifest_files(page)
    wanted = {files[role]["path"] for role in files.keys() - late}
    others = {"", "manifest.json", files["late.bin"]["path"]} - wanted  # late: when nobody waits
    becomes(page, lambda: requested - others, wanted)


def test_no_first_answer_needs_the_late_part(browser: Browser, damaged: Path) -> None:
    replace(damaged, "late.bin", lambda data: None)
    with serving(damaged) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}assets/demo/")
        for method in sorted(slugs()):
            defaults = {name: knob.default for name, knob in settings(method).items()}
            assert "sentence" in ask(page, method, **defaults), method  # fits: test_fits.py
        assert ask(page, "lora", rank=99)["kind"] == "knob"
        for method in sorted(slugs()):
            answer = page.evaluate(COMPARE, [method, True])
            assert answer["sentence"], (method, answer)


LATE = "py.runPython('import ast; ast.unparse(ast.parse(\"a + 1\"))')"


def test_the_late_part_arrives_with_its_first_call(page: Page, workbench: str) -> None:
    worker = bare(page, workbench)
    with page.context.expect_event("request", lambda r: r.url.endswith("/late.bin")):
        assert worker.evaluate(LATE) == "a + 1"


def test_the_late_part_is_fetched_while_nobody_waits(page: Page, workbench: str) -> None:
    kinds: list[str] = []
    page.context.on(
        "request", lambda r: kinds.append(r.resource_type) if r.url.endswith("/late.bin") else None
    )
    page.goto(workbench)
    ask(page, "lora")
    becomes(page, lambda: kinds, ["fetch"])


@pytest.mark.parametrize(
    "change",
    [lambda data: data[:-1], lambda data: data[:-1] + b"~", lambda data: None],
    ids=["cut", "changed", "missing"],
)
def test_a_late_part_that_does_not_arrive_is_named(
    browser: Browser, damaged: Path, change: Any
) -> None:
    replace(damaged, "late.bin", change)
    with serving(damaged) as address, browser.new_context() as context:
        worker = bare(context.new_page(), f"{address}assets/demo/")
        with pytest.raises(Error, match=r"late\.bin"):
            worker.evaluate(LATE)


def test_a_late_part_whose_host_is_gone_is_named(browser: Browser, folder: Path) -> None:
    with browser.new_context() as context:
        with serving(folder) as address:
            worker = bare(context.new_page(), f"{address}assets/demo/")
        with pytest.raises(Error, match=r"late\.bin could not be loaded"):
            worker.evaluate(LATE)


def test_a_host_that_sends_files_as_they_are_is_given_them_compressed(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_RAW", "1")
    packed = ROOT / ".build" / "py"
    add_python(tmp_path, packed)
    made = place_python(packed)
    bundle(tmp_path, made)
    shutil.copy(HERE / "index.html", tmp_path / "assets/demo")
    requested: set[str] = set()
    page.context.on("request", lambda request: requested.add(request.url.rpartition("/")[2]))
    with serving(tmp_path) as address:
        page.goto(f"{address}assets/demo/")
        assert ask(page, "lora")["sentence"] == probe("lora", {})["sentence"]
        assert page.evaluate("python.runtime") == "snapshot"
    assert requested >= {f"{role}.z" for role in LARGE}
    assert not requested & LARGE
    files = made["files"]
    for role in LARGE:
        assert files[role]["download"] < files[role]["bytes"] / 2


@pytest.mark.parametrize("method", sorted(slugs()))
def test_a_restored_python_gives_the_numbers_of_an_ordinary_one(
    runtimes: tuple[Page, Page], method: str
) -> None:
    restored, ordinary = (ask(page, method, seed=3, step=0.35) for page in runtimes)
    assert restored == ordinary


@pytest.fixture(scope="module")
def runtimes(browser: Browser, workbench: str) -> Iterator[tuple[Page, Page]]:
    with browser.new_context() as context:
        restored, ordinary = context.new_page(), context.new_page()
        restored.goto(workbench)
        ordinary.goto(f"{workbench}?runtime=bytecode")
        yield restored, ordinary


def test_a_restored_python_awaits_and_reaches_its_worker(page: Page, workbench: str) -> None:
    worker = bare(page, workbench)
    code = "import asyncio, js; await asyncio.sleep(0.01); js.location.href"
    assert worker.evaluate("code => py.runPythonAsync(code)", code).endswith("/bare.js")
    shown = worker.evaluate(
        """() => {
          const lines = [];
          py.setStdout({ batched: (line) => lines.push(line) });
          py.runPython("print('seen')");
          return lines;
        }"""
    )
    assert shown == ["seen"]


def test_a_snapshot_that_does_not_fit_is_left_aside(browser: Browser, damaged: Path) -> None:
    changed = manifest(damaged)
    entry = changed["files"]["snapshot.bin"]
    replace(damaged, "snapshot.bin", lambda data: data.replace(b'"layout":"1', b'"layout":"9', 1))
    data = (damaged / "assets/py" / entry["path"]).read_bytes()
    entry["sha256"] = hashlib.sha256(data).hexdigest()
    bundle(damaged, changed)
    with serving(damaged) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}assets/demo/")
        assert ask(page, "lora")["sentence"] == probe("lora", {})["sentence"]
        assert page.evaluate("python.runtime") == "bytecode"


def test_python_starts_without_a_snapshot_that_is_damaged(browser: Browser, damaged: Path) -> None:
    replace(damaged, "snapshot.bin", lambda data: data[:-1])
    with serving(damaged) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}assets/demo/")
        assert ask(page, "lora")["sentence"] == probe("lora", {})["sentence"]
        assert page.evaluate("python.runtime") == "bytecode"


def test_only_the_first_and_the_newest_of_many_requests_are_answered(
    page: Page, workbench: str
) -> None:
    page.goto(workbench)
    ask(page, "lora")
    answers = page.evaluate(
        """() => {
          const key = {};
          const ask = (rank) => python.ask(key, { type: "probe", method: "lora", knobs: { rank } });
          const rank = (answer) => answer?.panels.find(({ name }) => name === "rank").value;
          return Promise.all([1, 2, 3, 4].map(ask)).then((answers) => answers.map(rank));
        }"""
    )
    assert answers == [1, None, None, 4]


def test_stopping_rejects_what_waits_and_the_next_request_starts_python_again(
    page: Page, workbench: str
) -> None:
    page.goto(workbench)
    error = page.evaluate(
        """async () => {
          const answer = python.ask({}, { type: "probe", method: "lora", knobs: {} });
          python.stop();
          return answer.catch(({ kind }) => [kind, python.state]);
        }"""
    )
    assert error == ["stopped", "off"]
    assert ask(page, "lora")["sentence"] == probe("lora", {})["sentence"]


def test_a_crash_of_the_worker_is_explained_and_the_next_request_starts_another(
    browser: Browser, workbench: str
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(workbench)
        ask(page, "lora")
        page.evaluate(
            """() => {
              const ask = () => python.ask({}, { type: "probe", method: "lora", knobs: {} });
              const told = ({ kind, message }) => ({ kind, message, state: python.state });
              const askAlways = () => ask().then(askAlways, told);
              window.crash = askAlways(); // before the end: a later question starts another
            }"""
        )
        page.workers[0].evaluate("() => void setTimeout(() => { throw Error('out of luck') })")
        error = page.evaluate("crash")
        assert (error["kind"], error["state"]) == ("crash", "failed")
        assert "out of luck" in error["message"]
        assert ask(page, "lora")["sentence"] == probe("lora", {})["sentence"]


@pytest.mark.parametrize(
    "role",
    ["code.zip", "numpy.bin", "pyodide.asm.wasm", "pyodide.asm.mjs"],
)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[: len(data) // 2], ""),
        (lambda data: data[:100] + bytes(100) + data[200:], ""),
        (lambda data: None, "404"),
    ],
    ids=["truncated", "wrong", "missing"],
)
def test_a_damaged_file_is_named(
    browser: Browser, damaged: Path, role: str, change: Any, reason: str
) -> None:
    replace(damaged, role, change)
    with serving(damaged) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}assets/demo/?runtime=bytecode")
        error = ask(page, "lora")
        assert error["kind"] == "load"
        assert role in error["message"]
        assert reason in error["message"]


def test_python_starts_after_the_damage_is_repaired(browser: Browser, damaged: Path) -> None:
    replace(damaged, "code.zip", lambda data: None)
    with serving(damaged) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}assets/demo/?runtime=bytecode")
        assert ask(page, "lora")["kind"] == "load"
        file = manifest(damaged)["files"]["code.zip"]["path"]
        shutil.copy(ROOT / ".build/py" / file, damaged / "assets/py" / file)
        assert ask(page, "lora")["sentence"] == probe("lora", {})["sentence"]


def test_a_browser_without_webassembly_is_told_so(browser: Browser, workbench: str) -> None:
    flags = [*CHROMIUM_FLAGS, "--js-flags=--jitless"]
    with browser.browser_type.launch(executable_path=shell(), args=flags) as other:
        page = other.new_page()
        page.goto(workbench)
        error = ask(page, "lora")
        assert error["kind"] == "load"
        assert "WebAssembly" in error["message"]


def test_rare_modules_arrive_with_their_first_import(page: Page, workbench: str) -> None:
    worker = bare(page, workbench)
    with page.context.expect_event("request", lambda r: r.url.endswith("/library.zip")):
        found = worker.evaluate(
            "py.runPython('import unittest, numpy.polynomial as p; p.Polynomial([1, 2])(3.0)')"
        )
    assert found == 7


def test_a_module_that_does_not_exist_costs_no_request(page: Page, workbench: str) -> None:
    requested: list[str] = []
    worker = bare(page, workbench)
    page.context.on("request", lambda request: requested.append(request.url))
    worker.evaluate("py.runPython('try:\\n  import absent\\nexcept ModuleNotFoundError:\\n  pass')")
    assert requested == []


def test_matplotlib_draws_from_the_files_of_the_site(page: Page, workbench: str) -> None:
    requested: list[str] = []
    page.context.on("request", lambda request: requested.append(request.url))
    worker = bare(page, workbench)
    worker.evaluate("py.loadPackage('matplotlib')")
    svg = worker.evaluate(
        """py.runPython(`
import io, matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
plt.plot([1, 2, 3])
out = io.StringIO()
plt.savefig(out, format="svg")
out.getvalue()[:1000]
`)"""
    )
    assert "<svg" in svg
    assert all(url.startswith((workbench.rpartition("assets/")[0], "data:")) for url in requested)


def test_a_thousand_moves_do_not_grow_the_memory_of_python(page: Page, workbench: str) -> None:
    worker = bare(page, workbench)
    before, after = worker.evaluate(
        """() => {
          const move = (count) => {
            for (let i = 0; i < count; i++) probe(py, "lora", { rank: 1 + (i % 16), seed: i % 7 });
            return py.runPython("import gc; gc.collect(); len(gc.get_objects())");
          };
          const first = [move(50), py._module.HEAPU8.length];
          return [first, [move(1000), py._module.HEAPU8.length]];
        }"""
    )
    assert after[1] == before[1]
    assert after[0] <= before[0] + 100
