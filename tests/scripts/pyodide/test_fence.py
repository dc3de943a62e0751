"""The surgery on Pyodide is fenced: two folders, each with one door, and it fits one version."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.bootstrap import ROOT, SetupError
from scripts.pyodide import make, stock, vendor

FENCED = (ROOT / "scripts/pyodide/surgery", ROOT / "demos/python/surgery")
DOOR = "#pyodide"
IMPORT = re.compile(r'(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"')


def scripts(root: Path = ROOT) -> Iterator[Path]:
    """Yield the scripts outside the fence."""
    for top in ("demos", "scripts", "tests"):
        for kind in ("js", "mjs", "ts"):
            for path in (root / top).rglob(f"*.{kind}"):
                if not any(path.is_relative_to(folder) for folder in FENCED):
                    yield path


def crossing(path: Path, text: str) -> list[str]:
    """Return the addresses by which a script imports what is fenced, types in comments too."""
    found = [name for name in IMPORT.findall(text) if name.startswith(".")]
    ends = {name: (path.parent / name).resolve() for name in found}
    return [n for n, end in ends.items() if any(end.is_relative_to(f) for f in FENCED)]


def test_no_script_imports_what_is_fenced() -> None:
    texts = {path: path.read_text("utf-8") for path in scripts()}
    assert {path: found for path, text in texts.items() if (found := crossing(path, text))} == {}


def test_the_door_leads_to_one_of_two_modules_and_is_used() -> None:
    doors = json.loads((ROOT / "package.json").read_text("utf-8"))["imports"]
    published, packed = "./demos/python/stock.js", "./demos/python/surgery/boot.js"
    assert doors == {DOOR: {"stock": published, "default": packed}}
    users = {path for path in scripts() if DOOR in IMPORT.findall(path.read_text("utf-8"))}
    assert users == {ROOT / "demos/python/start.js", ROOT / "tests/browser/workbench/bare.js"}
    assert all((ROOT / path).is_file() for path in (published, packed))


# Versions -----------------------------------------------------------------------------------------


def test_it_is_made_for_the_version_that_is_locked() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    assert lock["packages"]["node_modules/pyodide"]["version"] == make.MADE_FOR


@pytest.mark.parametrize(
    ("version", "published", "wanted"),
    [("999.0.1", True, "published"), (make.MADE_FOR, False, "packed"), ("999.0.1", False, "")],
)
def test_another_version_is_published_as_it_is_or_stops_the_build_with_one_line(
    monkeypatch: pytest.MonkeyPatch, version: str, published: bool, wanted: str
) -> None:
    made: list[str] = []
    monkeypatch.setattr(vendor, "version", lambda: version)
    monkeypatch.setattr(vendor, "fetch", lambda: {"numpy": Path("numpy.whl")})
    monkeypatch.setattr(stock, "lay_out", lambda *_: made.append("published"))
    monkeypatch.setattr(make, "run", lambda *_: made.append("packed"))
    if wanted:
        make.make(published=published)
        assert made == [wanted]
        return
    guide = "scripts/pyodide/surgery/README.md"
    with pytest.raises(SetupError) as caught:
        make.make()
    assert made == []
    assert "\n" not in str(caught.value)
    for part in (version, make.MADE_FOR, "--stock", guide):
        assert part in str(caught.value)
    assert (ROOT / guide).is_file()
