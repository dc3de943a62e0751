"""The page on the house is true: every import leads down in its table, and its pictures agree."""

from __future__ import annotations

import ast
import re
import sys
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


def arrows() -> dict[tuple[str, str], str]:
    """Return between which rooms there is an import, and a file that has it."""
    found: dict[tuple[str, str], str] = {}
    for top in TOPS:
        for path in (ROOT / top).rglob("*.*"):
            if path.suffix in (".py", ".js", ".mjs"):
                name = path.relative_to(ROOT).as_posix()
                found |= {(room(path), room(target)): name for target in imports(path)}
    return found


ARROWS = arrows()


def test_every_import_leads_to_a_lower_room() -> None:
    wrong = {name: pair for pair, name in ARROWS.items() if LEVEL[pair[0]] > LEVEL[pair[1]]}
    assert wrong == {}


def test_every_folder_is_a_room_or_lies_in_one_that_says_what_it_holds() -> None:
    folders = {path.parent for top in TOPS for path in (ROOT / top).rglob("*.py")}
    assert {folder.relative_to(ROOT).as_posix() for folder in folders} <= LEVEL.keys()
    assert len(LEVEL) == sum(map(len, ROOMS)) > 15


def test_no_file_is_longer_than_a_sitting() -> None:
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for top in (*TOPS, "docs/assets", "overrides")
        for path in (ROOT / top).rglob("*.*")
        if path.suffix in (".py", ".js", ".mjs", ".css", ".html")
    }
    assert {name: count for name, count in lines.items() if count > 400} == {}


def test_the_arrows_of_the_picture_are_imports_and_imply_all_others() -> None:
    (picture,) = re.findall(r"```mermaid\nflowchart TB\n(.+?)```", README, re.DOTALL)
    drawn = {
        (start, end)
        for line in picture.splitlines()
        for start, _, ends in [line.strip().partition(" --> ")]
        for end in ends.split(" & ")
    }
    by_name = {("demos/python", "demos")}  # Python that is called from JavaScript
    assert drawn <= ARROWS.keys() | by_name
    lower = {name: {end for start, end in drawn if start == name} for name in LEVEL}

    def below(name: str) -> set[str]:
        return lower[name].union(*map(below, lower[name]))

    others = {(a, b) for a, b in ARROWS if a != b and not b.endswith(".py")}
    assert {(a, b) for a, b in others if b not in below(a)} == set()


def test_pages_call_ten_names_and_a_wrong_word_lists_the_right_ones() -> None:
    called: dict[str, Callable[..., str]] = {}
    define_env(SimpleNamespace(macro=lambda function, name: called.update({name: function})))
    assert len(called) == 10
    with pytest.raises(LookupError, match=r'table\("graed"\): there is .*, grade, '):
        called["table"]("graed")


KNOWN = {*sys.stdlib_module_names, "numpy", "pydantic", "scipy", "scripts", "yaml"}


def foreign(source: str) -> set[str]:
    """Return the packages that a text imports and that facts do without."""
    found = set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found - KNOWN


def test_facts_need_numbers_and_records_only() -> None:
    assert foreign("import csv, jinja2\nfrom lxml.html import x") == {"jinja2", "lxml"}
    files = {path.name: path for path in (ROOT / "scripts/survey").glob("*.py")}
    assert {n: f for n, p in files.items() if (f := foreign(p.read_text("utf-8")))} == {}
    assert files


RELATIVE = re.compile("(?:How|That|What|Where|Whether|Which|Who|Whose|Why)\\b")


def test_a_docstring_begins_with_a_verb_or_a_noun() -> None:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    said = {
        f"{path.relative_to(ROOT)}:{node.body[0].lineno}": ast.get_docstring(node) or ""
        for top in (*TOPS, "tests")
        for path in (ROOT / top).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, kinds) and node.body
    }
    assert {place: text for place, text in said.items() if RELATIVE.match(text)} == {}


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
    ],
)
def test_every_kind_of_import_is_found(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, "package.json", '{"imports": {"#door": {"default": "./demos/a/y.js"}}}')
    wanted = write(tmp_path, f"demos/a/y{'.py' if name.endswith('.py') else '.js'}")
    path = write(tmp_path, name, text)
    assert set(imports(path, tmp_path)) == {wanted}


def test_a_type_in_a_comment_and_a_package_are_no_imports(tmp_path: Path) -> None:
    write(tmp_path, "demos/a/y.js")
    script = '/** @typedef {import("../a/y.js").Y} Y */\nimport { build } from "esbuild";'
    assert set(imports(write(tmp_path, "demos/b/x.js", script), tmp_path)) == set()
    module = write(tmp_path, "demos/b/x.py", "import numpy as np\nfrom pathlib import Path")
    assert set(imports(module, tmp_path)) == set()


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
    assert [name for name in names if not (ROOT / name).exists() and "my_method" not in name] == []
    assert names


def test_the_readme_names_every_room() -> None:
    rooms = [name for name in LEVEL if not name.endswith(".py")]
    short = {name: name.rpartition("/")[2] for name in rooms}
    assert [n for n in rooms if f"`{short[n]}/`" not in README and f"`{n}/`" not in README] == []
