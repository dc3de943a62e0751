"""A page with nothing but Python, on a local server, and what tests ask it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Worker

from scripts.bootstrap import ROOT
from scripts.pyodide.make import PACKED
from scripts.serve import serving

HERE = Path(__file__).parent
ENTRIES = (ROOT / "demos" / "python" / "worker.js", HERE / "page.js", HERE / "bare.js")

ASK = """([method, knobs]) => python.ask({}, { type: "probe", method, knobs }).then(
  ({ panels, sentence }) => JSON.parse(
    JSON.stringify({ panels, sentence }, (_, v) => ArrayBuffer.isView(v) ? Array.from(v) : v)
  ),
  ({ kind, knob, message }) => ({ kind, knob, message }),
)"""

# Code for which a bare worker needs the late part.
LATE = "py.runPython('import ast; ast.unparse(ast.parse(\"a + 1\"))')"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of one page with the packed Python, to be served as it is."""
    folder = tmp_path_factory.mktemp("workbench")
    if not (PACKED / "manifest.json").is_file():
        pytest.fail(f"{PACKED} holds no Python; run python3 scripts/dev.py build")
    shutil.copytree(PACKED, folder / "assets/py")
    bundle(folder, manifest(folder))
    return folder


def bundle(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the page and the scripts of the site."""
    subprocess.run(
        [
            *(ROOT / "node_modules/.bin/esbuild", *ENTRIES, "--bundle", "--format=esm"),
            f"--define:MANIFEST={json.dumps(manifest)}",
            *(["--conditions=stock,module"] if manifest.get("stock") else []),
            *(f"--outdir={folder / 'assets/demo'}", "--entry-names=[name]", "--log-level=error"),
            "--allow-overwrite",
        ],
        check=True,
    )
    shutil.copy(HERE / "index.html", folder / "assets/demo")


@pytest.fixture(scope="module")
def workbench(bench: Path) -> Iterator[str]:
    with serving(bench) as address:
        yield f"{address}assets/demo/"


@pytest.fixture
def damaged(bench: Path, tmp_path: Path) -> Path:
    """A copy of the site whose files can be damaged."""
    return Path(shutil.copytree(bench, tmp_path / "site", copy_function=os.link))


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


def numbers(panel: dict[str, Any]) -> list[Any]:
    parts = panel.get("views") or panel.get("lines") or [{"values": panel.get("value")}]
    return [part["values"] for part in parts]
