"""Build the site into site/. A step is skipped when nothing that it depends on has changed.

python -m scripts.build [--stock]
"""

from __future__ import annotations

import argparse
import errno
import json
import logging
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from scripts.bootstrap import FULL, ROOT, SetupError, locked, run, say
from scripts.cache import digest, stamped
from scripts.catalog import read
from scripts.catalog.checks import check
from scripts.catalog.exports import read_site
from scripts.finish.finish import bundle, finish
from scripts.finish.release import sent_raw
from scripts.macros import house
from scripts.pyodide import make as python
from scripts.stored import cards, comparisons, fits, lab, sweeps, widgets
from scripts.survey import peft
from scripts.survey.bare import every
from scripts.survey.providers import as_json, facts

BUILD = ROOT / ".build"
SITE = ROOT / "site"
SIDEBAR = ROOT / "docs" / "methods" / ".nav.yml"

# What a step is made from: its own files, what these import, and what both lock files install.
LOCKS = ("requirements.txt", "package-lock.json")
CODE = ("adapters_np/**/*.py", "demos/*.py", "demos/*.npy", "scripts/cache.py", *LOCKS)
READ = tuple(f"scripts/catalog/{name}.py" for name in ("__init__", "papers", "records"))
EVIDENCE = ("docs/data/tables/*.yml", "docs/data/*.yml", "docs/data/*.csv", "docs/data/bases/*")
RECORDS = (
    *("docs/methods/*.md", "docs/claims.md", "docs/references.bib", "scripts/survey/*.py"),
    *(*EVIDENCE, *READ),
)
EXPORTS = tuple(
    f"scripts/catalog/{name}.py"
    for name in ("citations", "counts", "exports", "memory", "others", "recipes", "shapes")
)
FACTS = ("mkdocs.yml", "CITATION.cff", "CHANGELOG.md", *RECORDS, *EXPORTS)
STORED = (
    *("scripts/stored/widgets.py", "scripts/stored/prerender.mjs", "scripts/stored/templates/*"),
    *("demos/widget/*.js", "demos/page/files.js", ".build/sweeps/*", ".build/fits/*", *CODE),
)
CATALOGUE = (*CODE, *RECORDS, "docs/**/*.md", "scripts/catalog/*")
SWEEPS = (*CODE, "scripts/stored/sweeps.py")
FITS = (*SWEEPS, "scripts/stored/fits.py")
COMPARISONS = (*STORED, *RECORDS, "scripts/stored/comparisons.py")
LAB = (
    *COMPARISONS, "docs/data/explained.jsonl", "docs/data/experiment_reach.csv",
    "scripts/stored/lab.py",
)  # fmt: skip
PICTURES = (*CODE, *RECORDS, "scripts/stored/cards.py")
PAGES = (
    *("docs/**/*", "overrides/**/*", "demos/examples/*.py", "demos/lab/own.py"),
    *("scripts/site_macros.py", "scripts/studies/__init__.py", "scripts/studies/descents.py"),
    *(
        "scripts/macros/*",
        "scripts/stored/widgets.py",
        ".build/demos/*",
        ".build/compare/compare.html",
        ".build/lab/lab.json",
        ".build/house.json",
        *FACTS,
    ),
    *CODE,
)
SCRIPTS = (
    *("demos/**/*.js", "demos/**/*.css", "scripts/finish/bundle.mjs", "package.json"),
    *LOCKS,
)
SOURCES = (
    *(f"{top}/**/*.{kind}" for top in house.TOPS for kind in house.KINDS),
    "package.json",
)
FINISH = (
    *(".build/pages/**/*", ".build/scripts/*", ".build/demos/*"),
    *(f".build/{name}/*" for name in ("sweeps", "fits", "compare", "lab", "pictures")),
    *("demos/page/sw.js", "demos/page/search.js", "docs/names.md"),
    *("scripts/finish/*", "scripts/stored/cards.py", *FACTS, *CODE),
)


# Where maintainers' modules lie: an error in one of them comes with its place.
OWN = tuple(str(ROOT / name) for name in ("adapters_np", "demos"))


def files(patterns: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files that match, each once, in order."""
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    yield from sorted(path for path in found if "__pycache__" not in path.parts)


def step(
    name: str,
    inputs: tuple[str, ...],
    output: Path,
    make: Callable[[], object],
    setting: str = "",
) -> None:
    """Run a step unless its output is there and was made from the same inputs and setting.

    Raises:
        SetupError: when the step fails; the text names it.
    """
    key = digest(ROOT, files(inputs), setting)
    with stamped(BUILD / "stamps" / name, key, output) as stale:
        if not stale:
            return
        began = time.monotonic()
        try:
            make()
        except SetupError:
            raise
        except Exception as error:
            raise SetupError(f"{name} failed: {reason(error)}") from error
        say(f"{name}: {time.monotonic() - began:.1f} s")


def reason(error: Exception) -> str:
    """Return what an error says; of one that was not meant, also where it arose."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{error.filename or 'a file'} could not be written: {FULL}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(OWN)]
    if not frames:
        return str(error)
    traceback.print_exception(error)
    path, line = Path(frames[-1].filename).relative_to(ROOT), frames[-1].lineno
    return f"{path}:{line}: {type(error).__name__}: {error}"


def draw_pictures() -> None:
    """Draw the pictures for links, and note their names."""
    names = cards.draw(read(), BUILD / "pictures")
    (BUILD / "pictures.json").write_text(json.dumps(names))


def catalogue() -> None:
    """Check the catalogue, and write the order of the methods in the sidebar: by theme."""
    catalog = check()
    (BUILD / "facts.json").write_text(as_json(facts()), "utf-8")
    if bare := len(list(every(ROOT, facts()))):
        say(f"{bare:,} decimals have no address: python -m scripts.survey bare lists them")
    themes = [
        {theme.title: [f"{m.slug}.md" for m in catalog.of_theme(key)]}
        for key, theme in catalog.themes.items()
    ]
    SIDEBAR.write_text(yaml.safe_dump({"nav": ["index.md", *themes]}, allow_unicode=True))


def pages() -> None:
    """Let the site generator make the pages; until it has, the last ones stay, for a preview."""
    peft.check()  # the generator would bury what is wrong with it
    help = "The lines above name the page and what is wrong with it."
    command = [sys.executable, "-m", "mkdocs", "build", "--clean"]
    quiet = {"NO_MKDOCS_2_WARNING": "1"}
    made = BUILD / "pages.new"
    run("mkdocs", [*command, "--site-dir", made], help=help, extra=quiet)
    shutil.rmtree(BUILD / "pages", ignore_errors=True)
    made.rename(BUILD / "pages")


def bundle_scripts(packed: Path, setting: str = "") -> None:
    """Bundle the scripts for the Python that lies in a folder."""
    inputs = (*SCRIPTS, f"{packed.relative_to(ROOT)}/manifest.json")
    step("scripts", inputs, BUILD / "scripts", lambda: bundle(packed), setting)


def complete(packed: Path, setting: str) -> None:
    """Turn the pages into the site, with the Python that lies in a folder."""

    def make() -> None:
        names = json.loads((BUILD / "pictures.json").read_text())
        finish(BUILD / "pages", SITE, packed, read(), names)

    inputs = (*FINISH, f"{packed.relative_to(ROOT)}/manifest.json")
    step("site", inputs, SITE / "index.html", make, setting)


def preview(*, stock: bool = False) -> None:
    """Show what an edit of a text or of a method changes, before a whole build has followed.

    Only pages that are older than their sources are made again, and lists of all methods wait.

    Args:
        stock: See `build`.

    Raises:
        SetupError: when a step fails; the text says which, why, and what to do.
    """
    from mkdocs.commands import build as generator
    from mkdocs.config import load_config

    with ThreadPoolExecutor(1) as pool:
        packing = pool.submit(python.make, published=stock, draft=True)
        step("sweeps", SWEEPS, BUILD / "sweeps", sweeps.main)
        step("fits", FITS, BUILD / "fits", fits.main)
        step("widgets", STORED, BUILD / "demos", widgets.main)
        folder = BUILD / "preview"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(BUILD / "pages", folder)
        for m in read().methods.values():
            sources = [ROOT / f"adapters_np/methods/{module}.py" for module in m.modules]
            sources += [BUILD / f"demos/{module}.html" for module in m.modules]
            page = folder / m.url / "index.html"
            if page.exists() and page.stat().st_mtime < max(s.stat().st_mtime for s in sources):
                page.unlink()
        logging.getLogger("mkdocs").setLevel(logging.CRITICAL)  # warnings are the whole build's
        hook = str(ROOT / "scripts" / "preview_hook.py")
        settings = load_config("mkdocs.yml", site_dir=str(folder), strict=False, hooks=[hook])
        generator.build(settings, dirty=True)
        index = "search/search_index.json"  # of the pages just made alone
        shutil.copyfile(BUILD / "pages" / index, folder / index)
        packing.result()
    packed = python.folder(published=stock)
    bundle_scripts(packed)
    (BUILD / "stamps" / "site").unlink(missing_ok=True)
    names = json.loads((BUILD / "pictures.json").read_text())
    finish(folder, SITE, packed, read(), names, preview=True)


def build(*, stock: bool = False) -> None:
    """Build the site.

    Args:
        stock: Start Python as Pyodide publishes it: slower, and for every version of it.

    Raises:
        SetupError: when a step fails; the text says which, why, and what to do.
    """
    step("catalogue", CATALOGUE, SIDEBAR, catalogue)
    python.make(published=stock)
    packed = python.folder(published=stock)
    address = read_site().url
    host = f"{address}{' raw' if sent_raw() else ''}"
    step("sweeps", SWEEPS, BUILD / "sweeps", sweeps.main)
    step("fits", FITS, BUILD / "fits", fits.main)
    step("widgets", STORED, BUILD / "demos", widgets.main)
    step("comparisons", COMPARISONS, BUILD / "compare", comparisons.main)
    step("lab", LAB, BUILD / "lab", lab.main)
    step("pictures", PICTURES, BUILD / "pictures.json", draw_pictures)
    step("house", SOURCES, house.OUT, house.main)
    step("pages", PAGES, BUILD / "pages", pages, address)
    bundle_scripts(packed, host)
    complete(packed, host)


def main() -> None:
    """Build, or say what is wrong."""
    parser = argparse.ArgumentParser(description="Build the site into site/.")
    parser.add_argument("--stock", action="store_true", help="Python as Pyodide publishes it")
    chosen = parser.parse_args()
    began = time.monotonic()
    try:
        with locked(BUILD / "build.lock"):
            build(stock=chosen.stock)
    except SetupError as error:
        sys.exit(f"✗ {error}")
    say(f"site/ is built: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
