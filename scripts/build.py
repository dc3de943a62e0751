"""Build the site into site/. A step is skipped when nothing that it depends on has changed.

python -m scripts.build [--stock] [--trace]
"""

from __future__ import annotations

import argparse
import errno
import logging
import re
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":  # before what takes seconds to import
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends, as do its pools, without a word

from scripts.bootstrap import FULL, ROOT, SetupError, locked, say
from scripts.cache import digest, stamped
from scripts.catalog import read
from scripts.catalog.exports import built_site, read_site
from scripts.finish import finish
from scripts.finish.release import sent_raw
from scripts.imports import closure
from scripts.pyodide import make as python

BUILD = ROOT / ".build"

FOUND = ("adapters_np/methods/*.py", "adapters_np/controls/*.py")  # by name
SHARED = ("demos/*.npy", "requirements.txt", "package-lock.json")
RECORDS = (
    *("docs/methods/*.md", "docs/errata.md"),
    *("docs/references.bib", "docs/data/**/*"),
)
FACTS = ("mkdocs.yml", "CITATION.cff", "CHANGELOG.md", "CONTRIBUTING.md")
STORED = (".build/sweeps/*", ".build/fits/*", "scripts/stored/templates/*")
SHOWN = (
    "scripts/catalog/peft_signatures.json",
    *("docs/**/*", "overrides/**/*", "demos/examples/*.py", "demos/lab/own.py"),
    *("scripts/macros/*.html", ".build/demos/*", ".build/compare/compare.html"),
    *(".build/example/about.json", ".build/lab/lab.json"),
    *(".build/stage/stage.json", *FACTS),
)
PACKED = (".build/py/manifest.json", ".build/stock/manifest.json")
SCRIPTS = ("demos/**/*.js", "demos/**/*.css", "package.json", *PACKED)
MADE = ["compare", "demos", "example", "fits", "lab", "scripts", "stage", "sweeps"]
PUBLISHED = (
    *(".build/pages/**/*", *(f".build/{name}/*" for name in MADE)),
    *("docs/names.md", "scripts/finish/*.mjs"),
    "scripts/catalog/catalog.schema.json",
    *(*PACKED, *FACTS, *RECORDS),
)
COMPARED = (*STORED, *RECORDS)
DRAW = (*FOUND, "scripts/stored/prerender.mjs")
WORKERS = (
    "demos/page/search.js",
    "demos/page/figure.js",
    "demos/page/label_placement.js",
    "demos/stage/draw.js",
)


class Step(NamedTuple):
    """A part of the build: `main` of a module, run again when an input has changed.

    Inputs are the module with all that it imports and, as patterns, the `code` that it finds by
    name and what it `reads`.
    """

    name: str
    module: str
    output: str
    reads: tuple[str, ...] = ()
    code: tuple[str, ...] = FOUND

    def inputs(self, root: Path = ROOT) -> set[Path]:
        start = root / f"{self.module.replace('.', '/')}.py"
        code = closure([start, *files(self.code, root)], root)
        return code.union(files((*self.reads, *SHARED), root))


STEPS = {
    step.name: step
    for step in (
        Step(
            "catalogue",
            "scripts.catalog.checks",
            "docs/methods/.nav.yml",
            ("docs/**/*.md", "scripts/catalog/*.json", *RECORDS),
        ),
        Step("sweeps", "scripts.stored.sweeps", ".build/sweeps"),
        Step("fits", "scripts.stored.fits", ".build/fits"),
        Step("widgets", "scripts.stored.widgets", ".build/demos", STORED, DRAW),
        Step("comparisons", "scripts.stored.comparisons", ".build/compare", COMPARED, DRAW),
        Step("lab", "scripts.stored.lab", ".build/lab", RECORDS),
        Step("stage", "scripts.stored.stage", ".build/stage", RECORDS),
        Step(
            "example", "scripts.stored.example", ".build/example/about.json", ("docs/data/bases/*",)
        ),
        Step("pages", "scripts.site_macros", ".build/pages", SHOWN),
        Step(
            "scripts",
            "scripts.finish.bundle",
            ".build/scripts",
            SCRIPTS,
            ("scripts/finish/bundle.mjs",),
        ),
        Step("site", "scripts.finish.finish", "site/index.html", PUBLISHED, (*FOUND, *WORKERS)),
    )
}

# Folders of maintainers' modules: an error in one of them comes with its place.
OWN = tuple(str(ROOT / name) for name in ("adapters_np", "demos"))
FRAME = re.compile(r'^ *File "(.+)", line (\d+)', re.M)


def files(patterns: tuple[str, ...], root: Path = ROOT) -> Iterator[Path]:
    """Yield the files that match, each once, in order."""
    paths = {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
    yield from sorted(path for path in paths if "__pycache__" not in path.parts)


def make(step: Step, setting: str = "", root: Path = ROOT, **given: Path) -> None:
    """Run a step unless its output is there and was made from the same inputs and setting.

    The setting is what the output depends on beside files.

    Raises:
        SetupError: when the step fails; the text names it.
    """
    key = digest(root, step.inputs(root), setting)
    stamp = root / ".build" / "stamps" / step.name
    with stamped(stamp, key, root / step.output) as stale:
        if not stale:
            return
        began = time.monotonic()
        try:
            import_module(step.module).main(**given)
        except SetupError:
            raise
        except Exception as error:
            raise SetupError(f"{step.name} failed: {reason(error)}") from error
        say(f"{step.name}: {time.monotonic() - began:.1f} s")


def reason(error: Exception) -> str:
    """Return what an error says; of one that was not meant, also where it arose."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{error.filename or 'a file'} could not be written: {FULL}"
    trace = "".join(traceback.format_exception(error))  # also of what another process has raised
    places = [place for place in FRAME.findall(trace) if place[0].startswith(OWN)]
    if not places:
        return str(error)
    path, line = places[-1]
    return f"{Path(path).relative_to(ROOT)}:{line}: {type(error).__name__}: {error}"


def host() -> str:
    """Return for which host the site is built: its address, and how it sends large files."""
    return f"{read_site().url}{' raw' if sent_raw() else ''}"


def preview(*, stock: bool = False) -> None:
    """Show what an edit of a text or of a method changes, before a whole build has followed.

    Only pages that are older than their sources are made again, and lists of all methods wait.

    Raises:
        SetupError: when a step fails; the text says which, why, and what to do.
    """
    from mkdocs.commands import build as generator
    from mkdocs.config import load_config

    with ThreadPoolExecutor(1) as pool:
        packing = pool.submit(python.make, published=stock, draft=True)
        for name in ("sweeps", "fits", "widgets"):
            make(STEPS[name])
        folder = BUILD / "preview"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(BUILD / "pages", folder)
        for m in read().methods.values():
            sources = [ROOT / f"adapters_np/methods/{module}.py" for module in m.modules]
            sources += [BUILD / f"demos/{module}.html" for module in m.modules]
            page = folder / m.url / "index.html"
            if page.exists() and page.stat().st_mtime < max(s.stat().st_mtime for s in sources):
                page.unlink()
        logging.getLogger("mkdocs").setLevel(logging.ERROR)  # warnings are the whole build's
        hook = str(ROOT / "scripts" / "preview_hook.py")
        settings = load_config("mkdocs.yml", site_dir=str(folder), strict=False, hooks=[hook])
        generator.build(settings, dirty=True)
        index = "search/search_index.json"  # of the pages just made alone
        shutil.copyfile(BUILD / "pages" / index, folder / index)
        packing.result()
    packed = python.folder(published=stock)
    make(STEPS["scripts"], f"{host()} {packed.name}", packed=packed)
    (BUILD / "stamps" / "site").unlink(missing_ok=True)
    finish.main(packed, folder, preview=True)


def build(*, stock: bool = False, draft: bool = False) -> None:
    """Build the site.

    Args:
        stock: Start Python as Pyodide publishes it: slower, and for every version of it.
        draft: Leave out what takes minutes: stored answers, for which widgets ask Python, checked
            links and compression.

    Raises:
        SetupError: when a step fails; the text says which, why, and what to do.
    """
    first, *others = STEPS.values()
    make(first)
    packed, hosted = python.folder(published=stock), host()
    bundled = [step for step in others if step.name in ("scripts", "site")]
    later = [*bundled, *(STEPS[name] for name in ("sweeps", "fits") if draft)]
    with ThreadPoolExecutor(1) as pool:
        packing = pool.submit(python.make, published=stock)
        for step in others:
            if step not in later:
                make(step, hosted if step.name == "pages" else "")
        packing.result()
    site = built_site()
    for step in bundled[: -1 if draft else None]:
        state = f" {site.state} {site.date}" if step.name == "site" else ""
        make(step, f"{hosted} {packed.name}{state}", packed=packed)
    if draft:
        finish.main(packed, preview=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the site into site/.")
    parser.add_argument("--stock", action="store_true", help="Python as Pyodide publishes it")
    parser.add_argument("--trace", action="store_true", help="show where a failed step was")
    chosen = parser.parse_args()
    began = time.monotonic()
    try:
        with locked(BUILD / "build.lock"):
            build(stock=chosen.stock)
    except SetupError as error:
        if chosen.trace and error.__cause__:
            traceback.print_exception(error.__cause__)
        sys.exit(f"✗ {error}")
    say(f"site/ is built: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
