"""Python starts in a real browser, answers like CPython, and ends as it should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from adapters_np.core import slugs
from demos.probe import probe
from scripts.finish.release import LARGE, add_python, place_python
from scripts.pyodide.make import PACKED
from scripts.serve import serving
from tests.browser.reader import becomes
from tests.browser.workbench import LATE, ask, bare, bundle


def test_progress_ends_at_the_size_that_was_announced(page: Page, workbench: str) -> None:
    page.route("**/late.bin", lambda _: None)  # which comes after the start, with its own progress
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


def test_a_host_that_sends_files_as_they_are_is_given_them_compressed(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_RAW", "1")
    add_python(tmp_path, PACKED)
    made = place_python(PACKED)
    bundle(tmp_path, made)
    requested: set[str] = set()
    page.context.on("request", lambda request: requested.add(request.url.rpartition("/")[2]))
    with serving(tmp_path) as address:
        page.goto(f"{address}assets/demo/")
        assert ask(page, "lora")["sentence"] == probe("lora", {})["sentence"]
        assert page.evaluate("python.runtime") == "snapshot"
        worker = bare(page, f"{address}assets/demo/")
        assert worker.evaluate(LATE) == "a + 1"  # which reads at once
        assert worker.evaluate("py.runPython('import unittest; unittest.__name__')") == "unittest"
    known = {"pyodide.asm.wasm.z", "numpy.bin.z", "snapshot.bin.z", "late.bin.z", "library.zip.z"}
    assert requested >= known
    assert not requested & LARGE.keys()
    files = made["files"]
    assert made["whole"] - made["bytes"] == files["late.bin"]["download"]
    for role in LARGE:
        assert files[role]["download"] < files[role]["bytes"] / 2


@pytest.mark.parametrize("method", sorted(slugs())[::3])
def test_a_restored_python_gives_the_numbers_of_an_ordinary_one(
    runtimes: tuple[Page, Page], method: str
) -> None:
    """A third of the methods: the restored one answers for all in test_numbers.py."""
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


def test_rare_modules_arrive_with_their_first_import(page: Page, workbench: str) -> None:
    worker = bare(page, workbench)
    with page.context.expect_event("request", lambda r: r.url.endswith("/library.zip")):
        found = worker.evaluate(
            "py.runPython('import unittest, numpy.polynomial as p; p.Polynomial([1, 2])(3.0)')"
        )
    assert found == 7


def test_a_module_that_does_not_exist_costs_no_request(page: Page, workbench: str) -> None:
    code = "try:\n  import {}\nexcept ModuleNotFoundError:\n  pass"
    worker = bare(page, workbench)
    worker.evaluate("code => py.runPython(code)", code.format("sys"))  # the compiler is late itself
    requested: list[str] = []
    page.context.on("request", lambda request: requested.append(request.url))
    worker.evaluate("code => py.runPython(code)", code.format("absent"))
    assert requested == []


def test_a_thousand_moves_do_not_grow_the_memory_of_python(page: Page, workbench: str) -> None:
    worker = bare(page, workbench)
    before, after = worker.evaluate(
        """() => {
          const move = (count) => {
            for (let i = 0; i < count; i++) {
              probe(py, { method: "lora", knobs: { rank: 1 + (i % 16), seed: i % 7 } });
            }
            return py.runPython("import gc; gc.collect(); len(gc.get_objects())");
          };
          const first = [move(50), py._module.HEAPU8.length];
          return [first, [move(1000), py._module.HEAPU8.length]];
        }"""
    )
    assert after[1] == before[1]
    assert after[0] <= before[0] + 100
