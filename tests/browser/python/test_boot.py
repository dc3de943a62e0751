"""Python starts in a real browser, answers like CPython, and ends as it should."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, Route, Worker

from adapters_np.core import slugs
from demos.probe import probe
from scripts.finish.release import LARGE, add_python, place_python
from scripts.pyodide.make import PACKED
from scripts.serve import serving
from tests.browser.reader import becomes, record
from tests.browser.workbench import LATE, ask, bare, bundle


class Client(NamedTuple):
    """A page whose Python has answered once, and what was fetched until then and is, by kind."""

    page: Page
    asked: dict[str, str]


@contextmanager
def started(browser: Browser, address: str, later: str) -> Iterator[Client]:
    with browser.new_context() as context:
        client, held = Client(context.new_page(), {}), list[Route]()
        context.on(
            "request", lambda r: client.asked.update({r.url.partition("/py/")[2]: r.resource_type})
        )
        client.page.route(later, lambda route: held.append(route))
        client.page.goto(address)
        ask(client.page, "lora")
        client.page.evaluate("window.first = [...progress]")
        client.page.unroute_all()
        for route in held:
            route.continue_()
        yield client


@pytest.fixture(scope="module")
def restored(browser: Browser, workbench: str) -> Iterator[Client]:
    """Python from its snapshot; its late part, which has progress of its own, comes after."""
    with started(browser, workbench, "**/late.bin") as client:
        yield client


@pytest.fixture(scope="module")
def ordinary(browser: Browser, workbench: str) -> Iterator[Client]:
    with started(browser, f"{workbench}?runtime=bytecode", "**/snapshot.bin") as client:
        yield client


def test_progress_ends_at_the_size_that_was_announced(restored: Client) -> None:
    page = restored.page
    announced, progress = page.evaluate("[python.bytes, first]")
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


def test_the_first_answer_needs_only_the_files_of_its_runtime(
    restored: Client, ordinary: Client
) -> None:
    without = {
        "snapshot": {"library.zip", "python_stdlib.zip", "code.zip"},
        "bytecode": {"library.zip", "snapshot.bin"},
    }
    for client, (runtime, others) in zip((restored, ordinary), without.items(), strict=True):
        assert client.page.evaluate("python.runtime") == runtime
        files = manifest_files(client.page)
        del client.asked[""], client.asked["manifest.json"]
        kinds = {role: "script" if role.endswith(".mjs") else "fetch" for role in files}
        wanted = {files[role]["path"]: kinds[role] for role in files.keys() - others}
        becomes(client.page, partial(dict, client.asked), wanted)


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


@pytest.mark.parametrize("method", sorted(slugs())[::9])
def test_a_restored_python_gives_the_numbers_of_an_ordinary_one(
    restored: Client, ordinary: Client, method: str
) -> None:
    """Few methods: the restored one answers for all in test_numbers.py."""
    one, other = (ask(client.page, method, seed=3, step=0.35) for client in (restored, ordinary))
    assert one == other


def test_only_the_first_and_the_newest_of_many_requests_are_answered(restored: Client) -> None:
    answers = restored.page.evaluate(
        """() => {
          const key = {};
          const ask = (rank) => python.ask(key, { type: "probe", method: "lora", knobs: { rank } });
          const rank = (answer) => answer?.panels.find(({ name }) => name === "rank").value;
          return Promise.all([1, 2, 3, 4].map(ask)).then((answers) => answers.map(rank));
        }"""
    )
    assert answers == [1, None, None, 4]


def test_stopping_rejects_what_waits_and_the_next_request_starts_python_again(
    restored: Client,
) -> None:
    page = restored.page
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
    restored: Client,
) -> None:
    page = restored.page
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


@pytest.fixture(scope="module")
def worker(used: Page, workbench: str) -> Worker:
    """A restored Python alone."""
    return bare(used, workbench)


def test_a_restored_python_awaits_and_reaches_its_worker(worker: Worker) -> None:
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


def test_a_module_that_does_not_exist_costs_no_request_and_a_rare_one_arrives(
    used: Page, worker: Worker
) -> None:
    code = "try:\n  import {}\nexcept ModuleNotFoundError:\n  pass"
    worker.evaluate("code => py.runPython(code)", code.format("sys"))  # the compiler is late itself
    requested = record(used.context)
    worker.evaluate("code => py.runPython(code)", code.format("absent"))
    assert requested == []
    found = worker.evaluate(
        "py.runPython('import unittest, numpy.polynomial as p; p.Polynomial([1, 2])(3.0)')"
    )
    assert found == 7
    assert [url.rpartition("/")[2] for url in requested] == ["library.zip"]


def test_a_thousand_moves_do_not_grow_the_memory_of_python(worker: Worker) -> None:
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
