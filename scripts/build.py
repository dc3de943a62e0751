"""Build the site into site/. A step is skipped when nothing that it depends on has changed.

python -m scripts.build
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts import catalog
from scripts.bootstrap import ROOT, SetupError, locked, run, say
from scripts.catalog.papers import CatalogError
from scripts.finish.finish import finish
from scripts.macros import house
from scripts.runtime import vendor
from scripts.stored import cards, comparisons, sweeps, widgets

BUILD = ROOT / ".build"
SITE = ROOT / "site"

# What a step is made from: its own folder, the folders it imports, and what these install.
LOCKS = ("requirements.txt", "package-lock.json")
CODE = ("adapters_np/**/*.py", "demos/*.py")
RECORDS = ("docs/**/*.md", "docs/references.bib", "scripts/catalog/*")
STORED = (*CODE, "demos/widget/*.js", "scripts/stored/**/*", *LOCKS)
PAGES = (
    *("docs/**/*", "docs/**/.nav.yml", "overrides/**/*", "mkdocs.yml", "CHANGELOG.md"),
    *("CITATION.cff", "demos/examples/*.py", "scripts/site_macros.py", "scripts/macros/*"),
    *(
        ".build/demos/*",
        ".build/compare/compare.html",
        ".build/house.json",
        *RECORDS,
        *CODE,
        *LOCKS,
    ),
)
SOURCES = tuple(f"{top}/**/*.{kind}" for top in house.TOPS for kind in house.KINDS)
FINISH = (
    *(".build/pages/**/*", ".build/py/manifest.json", ".build/demos/*", ".build/sweeps/*"),
    *(".build/compare/*", ".build/pictures/*", "demos/**/*.js", "demos/**/*.css"),
    *("scripts/finish/*", "scripts/serve.py", "CHANGELOG.md", "CITATION.cff", *RECORDS, *LOCKS),
)


def files(patterns: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files that match, each once, in order."""
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    yield from sorted(path for path in found if "__pycache__" not in path.parts)


def digest(patterns: tuple[str, ...]) -> str:
    """Return the hash of all files that match, names included."""
    total = hashlib.sha256()
    for path in files(patterns):
        total.update(f"{path.relative_to(ROOT)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def step(name: str, inputs: tuple[str, ...], output: Path, make: Callable[[], None]) -> None:
    """Run a step unless its output is there and was made from the same inputs.

    Raises:
        SetupError: when the step fails; the text names it.
    """
    stamp = BUILD / "stamps" / name
    key = digest(inputs)
    if output.exists() and stamp.exists() and stamp.read_text() == key:
        return
    stamp.unlink(missing_ok=True)
    began = time.monotonic()
    try:
        make()
    except (CatalogError, RuntimeError, OSError, ValueError) as error:
        raise SetupError(f"{name} failed: {error}") from error
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
    say(f"{name}: {time.monotonic() - began:.1f} s")


def runtime() -> None:
    """Fetch and verify Pyodide's wheels, then pack Python, numpy and our code for the browser."""
    wheels = next(iter(vendor.fetch().values())).parent
    command = ["node", "scripts/runtime/pack.mjs", "--pyodide", "node_modules/pyodide"]
    run("Python for the browser", [*command, "--wheels", wheels, "--out", ".build/py"])


def draw_pictures() -> None:
    """Draw the pictures for links, and note their names."""
    names = cards.draw(catalog.read(), BUILD / "pictures")
    (BUILD / "pictures.json").write_text(json.dumps(names))


def pages() -> None:
    """Let the site generator make the pages."""
    help = "The lines above name the page and what is wrong with it."
    command = [sys.executable, "-m", "mkdocs", "build", "--clean"]
    quiet = {"NO_MKDOCS_2_WARNING": "1"}
    run("mkdocs", [*command, "--site-dir", BUILD / "pages"], help=help, extra=quiet)


def complete() -> None:
    """Turn the pages into the site."""
    names = json.loads((BUILD / "pictures.json").read_text())
    finish(BUILD / "pages", SITE, catalog.read(), names)


def build() -> None:
    """Build the site.

    Raises:
        SetupError: when a step fails; the text says which, why, and what to do.
    """
    runtime()
    step("catalogue", (*RECORDS, *CODE, *LOCKS), ROOT / "docs", lambda: void(catalog.read()))
    step("sweeps", STORED, BUILD / "sweeps", sweeps.main)
    step("widgets", (*STORED, ".build/sweeps/*"), BUILD / "demos", widgets.main)
    compared = (*STORED, *RECORDS, ".build/sweeps/*")
    step("comparisons", compared, BUILD / "compare", comparisons.main)
    step("pictures", (*STORED, *RECORDS), BUILD / "pictures.json", draw_pictures)
    step("house", SOURCES, house.OUT, house.main)
    step("pages", PAGES, BUILD / "pages", pages)
    step("site", FINISH, SITE / "index.html", complete)


def void(_: object) -> None:
    """Take a result that nobody needs."""


def main() -> None:
    """Build, or say what is wrong."""
    began = time.monotonic()
    try:
        with locked(BUILD / "build.lock"):
            build()
    except SetupError as error:
        sys.exit(f"✗ {error}")
    say(f"site/ is built: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
