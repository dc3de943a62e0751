"""Files come late, cut, changed or not at all: Python starts all the same, or says why not."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error

from adapters_np.core import slugs
from demos.probe import probe
from demos.settings import settings
from scripts.serve import serving
from tests.browser.workbench import LATE, ask, bare, bundle, manifest, replace

UNANSWERED = """async (opening) => {
  const answers = {};
  for (const [method, knobs] of Object.entries(opening)) {
    const answer = python.ask({}, { type: "probe", method, knobs });
    const { sentence, message } = await answer.catch((error) => error);
    if (!sentence) answers[method] = message;
  }
  return answers;
}"""
COMPARE = """([method, equal]) => {
  const side = (method) => ({ method, name: method, knob: "knob", own: {} });
  const comparison = { a: side("lora"), b: side(method), world: {}, equal };
  return python.ask({}, { type: "compare", ...comparison }).then(
    ({ sentence }) => ({ sentence }),
    ({ kind, message }) => ({ sentence: "", kind, message }),
  );
}"""


def test_no_first_answer_needs_the_late_part(browser: Browser, damaged: Path) -> None:
    replace(damaged, "late.bin", lambda data: None)
    with serving(damaged) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}assets/demo/")
        opening = {m: {n: knob.default for n, knob in settings(m).items()} for m in sorted(slugs())}
        assert page.evaluate(UNANSWERED, opening) == {}  # fits: test_fits.py
        assert ask(page, "lora", rank=99)["kind"] == "knob"
        for method in sorted(slugs())[::6]:
            answer = page.evaluate(COMPARE, [method, True])
            assert answer["sentence"], (method, answer)


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


def test_a_late_part_whose_host_is_gone_is_named(browser: Browser, bench: Path) -> None:
    with browser.new_context() as context:
        with serving(bench) as address:
            worker = bare(context.new_page(), f"{address}assets/demo/")
        with pytest.raises(Error, match=r"late\.bin could not be loaded"):
            worker.evaluate(LATE)


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


@pytest.mark.parametrize(
    "role",
    ["code.zip", "numpy.bin", "pyodide.asm.wasm", "pyodide.asm.mjs"],
)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[:100] + bytes(100) + data[200:], ""),
        (lambda data: None, "404"),
    ],
    ids=["wrong", "missing"],
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
