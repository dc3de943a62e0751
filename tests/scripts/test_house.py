"""The page on the house is true: every import leads down in its table, and its pictures agree."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.bootstrap import ROOT
from scripts.imports import closure, imports
from scripts.site_macros import define_env

PAGE = (ROOT / "docs/house.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
ROOMS = [re.findall("`(.+?)`", row) for row in re.findall(r"^\| (`.+?) \|", PAGE, re.MULTILINE)]
LEVEL = {name: level for level, row in enumerate(ROOMS) for name in row}
TOPS = ("adapters_np", "demos", "scripts")


def room(path: Path) -> str:
    """Return the room of a file: the innermost folder of the table."""
    name = path.relative_to(ROOT).as_posix()
    return next(n for n in (name, *map(str, Path(name).parents)) if n in LEVEL)


@pytest.fixture(scope="module")
def arrows() -> dict[tuple[str, str], str]:
    """Return between which rooms there is an import, and a file that has it."""
    found: dict[tuple[str, str], str] = {}
    for top in TOPS:
        for path in (ROOT / top).rglob("*.*"):
            if path.suffix in (".py", ".js", ".mjs"):
                name = path.relative_to(ROOT).as_posix()
                found |= {(room(path), room(target)): name for target in imports(path)}
    return found


def test_every_import_leads_to_a_lower_room(arrows: dict[tuple[str, str], str]) -> None:
    wrong = {name: pair for pair, name in arrows.items() if LEVEL[pair[0]] > LEVEL[pair[1]]}
    assert wrong == {}


def test_pages_call_ten_names_and_a_wrong_word_lists_the_right_ones() -> None:
    called: dict[str, Callable[..., str]] = {}
    define_env(SimpleNamespace(macro=lambda function, name: called.update({name: function})))
    assert len(called) == 10
    with pytest.raises(LookupError, match=r'table\("graed"\): there is .*, grade, '):
        called["table"]("graed")


# Reading imports ----------------------------------------------------------------------------------


def write(root: Path, name: str, text: str = "") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("demos/b/x.js", 'import { y } from "../a/y.js";'),
        ("demos/b/x.js", 'import {\n  y,\n  z,\n} from "../a/y.js";'),
        ("demos/b/x.js", 'import "../a/y.js";'),
        ("demos/b/x.js", 'export { y } from "../a/y.js";'),
        ("demos/b/x.mjs", 'const { y } = await lazily(() => import("../a/y.js"));'),
        ("demos/b/x.js", 'import { y } from "#door";'),
        ("demos/b/x.py", "from demos.a.y import z"),
        ("demos/b/x.py", "from demos.a import y"),
        ("demos/b/x.py", "import demos.a.y as y"),
        ("demos/b/x.py", "def f():\n    from demos.a import y\n"),
        ("demos/b/none.js", '/** @typedef {import("../a/y.js").Y} Y */\nimport "esbuild";'),
        ("demos/b/none.py", "import numpy as np\nfrom pathlib import Path"),
    ],
)
def test_every_kind_of_import_is_found_and_a_type_or_a_package_is_none(
    tmp_path: Path, name: str, text: str
) -> None:
    write(tmp_path, "package.json", '{"imports": {"#door": {"default": "./demos/a/y.js"}}}')
    wanted = write(tmp_path, f"demos/a/y{'.py' if name.endswith('.py') else '.js'}")
    path = write(tmp_path, name, text)
    assert set(imports(path, tmp_path)) == (set() if "none" in name else {wanted})


def test_all_that_is_imported_comes_with_its_packages(tmp_path: Path) -> None:
    start = write(tmp_path, "one.py", "from package.two import name")
    files = {
        start,
        write(tmp_path, "package/__init__.py", "import three"),
        write(tmp_path, "package/two.py", "import one"),
        write(tmp_path, "three.py"),
    }
    assert closure([start], tmp_path) == files


# Names in texts -----------------------------------------------------------------------------------


PAGES = [ROOT / "docs/house.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/contributing/*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    names = re.findall(r"`((?:adapters_np|demos|docs|scripts|tests)/[\w./-]+)`", text)
    named = [name for name in names if not re.search("my_method|NAME", name)]  # and no stand-ins
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert names
