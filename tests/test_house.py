"""The map of the house: read from the imports, one way, and the same in picture, table and text."""

import re
from pathlib import Path

import pytest
from lxml import etree, html

from scripts.bootstrap import ROOT
from scripts.macros import house

GRAPH = house.read()


def write(root: Path, name: str, text: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


# Reading ------------------------------------------------------------------------------------------


def test_an_arrow_between_folders_goes_one_way() -> None:
    level = house.levels(GRAPH)
    assert all(level[name] > level[other] for name in GRAPH for other in GRAPH[name])


def test_a_room_that_carries_no_other_leaves_a_full_level() -> None:
    graph = {"ground": [], **{name: ["ground"] for name in "abcd"}, "roof": ["b", "c", "d"]}
    assert house.levels(graph) == {"ground": 0, "b": 1, "c": 1, "d": 1, "a": 2, "roof": 2}


def test_folders_that_import_each_other_are_named() -> None:
    circle = {"cell": ["page"], "page": ["python"], "python": ["cell"], "roof": ["cell"]}
    with pytest.raises(ValueError, match=r"(?=.*cell → page → python|.*page → python → cell)"):
        house.levels(circle)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("demos/b/x.js", 'import { y } from "../a/y.js";'),
        ("demos/b/x.js", 'import {\n  y,\n  z,\n} from "../a/y.js";'),
        ("demos/b/x.js", 'import "../a/y.js";'),
        ("demos/b/x.js", 'export { y } from "../a/y.js";'),
        ("demos/b/x.mjs", 'const { y } = await lazily(() => import("../a/y.js"));'),
        ("demos/b/x.js", 'pyodide.pyimport("demos.a.y").destroy();'),
        ("demos/b/x.py", "from demos.a.y import z"),
        ("demos/b/x.py", "from demos.a import y"),
        ("demos/b/x.py", "import demos.a.y as y"),
        ("demos/b/x.py", "def f():\n    from demos.a import y\n"),
    ],
)
def test_every_kind_of_import_is_an_arrow(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, "demos/a/y.js")
    write(tmp_path, "demos/a/y.py")
    write(tmp_path, name, text)
    assert house.read(tmp_path) == {"demos/a": [], "demos/b": ["demos/a"]}


def test_a_type_in_a_comment_and_a_package_are_no_arrows(tmp_path: Path) -> None:
    write(tmp_path, "demos/a/y.js")
    script = '/** @typedef {import("../a/y.js").Y} Y */\nimport { build } from "esbuild";'
    write(tmp_path, "demos/b/x.js", script)
    write(tmp_path, "demos/b/x.py", "import numpy as np\nfrom pathlib import Path")
    assert house.read(tmp_path) == {"demos/a": [], "demos/b": []}


def test_the_arrows_that_are_drawn_imply_all_others() -> None:
    drawn: dict[str, list[str]] = {name: [] for name in GRAPH}
    for name, other in house.direct(GRAPH):
        drawn[name].append(other)

    def below(name: str, graph: house.Graph) -> set[str]:
        return set(graph[name]).union(*(below(other, graph) for other in graph[name]))

    assert all(below(name, drawn) == below(name, GRAPH) for name in GRAPH)


# What the page shows ------------------------------------------------------------------------------


def test_boxes_lie_apart_within_the_picture_and_every_arrow_ends_at_a_box() -> None:
    svg = etree.fromstring(house.picture(GRAPH))
    left, top, width, height = map(float, svg.get("viewBox").split())
    rects = svg.findall(".//{*}rect")
    boxes = [[float(rect.get(k)) for k in ("x", "y", "width", "height")] for rect in rects]
    assert len(boxes) == len(GRAPH)
    for i, (x, y, w, h) in enumerate(boxes):
        assert left <= x <= x + w <= left + width
        assert top <= y <= y + h <= top + height
        assert not any(abs(x - u) < w and abs(y - v) < h for u, v, *_ in boxes[i + 1 :])
    heads = {(x + w / 2, y) for x, y, w, _ in boxes}
    paths = [path.get("d") for path in svg.findall(".//{*}path")]
    assert len(paths) == len(house.direct(GRAPH))
    for path in paths:
        x, y = re.findall(r"L([\d.]+) ([\d.]+)", path)[0]
        assert any(abs(float(x) - u) < 0.2 and float(y) == v for u, v in heads)


def test_the_table_holds_every_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "graph", lambda: GRAPH)
    rows = html.fromstring(house.house()).xpath(".//tbody/tr")
    found = {row.xpath("string(th)"): row.xpath("td[2]/code/text()") for row in rows}
    assert found == GRAPH


def test_a_room_without_a_purpose_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "graph", lambda: {**GRAPH, "demos/attic": []})
    with pytest.raises(ValueError, match="demos/attic"):
        house.house()


@pytest.mark.parametrize("page", ["house.md", "contributing.md"])
def test_files_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    names = re.findall(r"`((?:adapters_np|demos|docs|scripts)/[\w./-]+)`", text)
    assert [name for name in names if not (ROOT / name).exists() and "my_method" not in name] == []
    assert len(names) > 5


def test_the_readme_names_every_room() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    rooms = [name for name in GRAPH if name != house.BASE]
    assert [
        name
        for name in rooms
        if f"`{name.rpartition('/')[2]}/`" not in text and f"`{name}/`" not in text
    ] == []
