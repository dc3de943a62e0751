"""Figures: data in the page, drawings in the finished page, all drawn at once and kept."""

from __future__ import annotations

import json
import re
import subprocess
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lxml import html

from scripts.bootstrap import SetupError
from scripts.finish.finish import draw_figures
from scripts.macros.figures import (
    Axis,
    Chart,
    Lane,
    Line,
    Point,
    Row,
    Rows,
    Value,
    drawing,
    frontier,
    keys,
)  # fmt: skip
from scripts.macros.page import Page

THEMES = {"methods/a/": "gain", "methods/b/": "gain"}


def at(x: float, y: float, says: str = "") -> Point:
    return Point(x, y, y - 1, y + 1, says)


def chart(*lines: Line, **more: Any) -> Chart:
    return Chart("Loss", Axis("step", 0, 100), Axis("loss, nats", 0, 10), lines, **more)


def drawn(folder: Path, figure: Chart | Rows) -> list[html.HtmlElement]:
    """Return the drawings of a figure, the one for wide pages first."""
    text = escape(json.dumps(drawing(figure, THEMES, "../")))
    page = folder / "index.html"
    page.write_text(f"<main><div data-figure='{text}'></div></main>", "utf-8")
    draw_figures(folder, folder / "kept")
    return list(html.fromstring(page.read_text("utf-8")))


def texts(svg: html.HtmlElement) -> list[str]:
    return [text.text_content() for text in svg.iter("text")]


def test_a_figure_is_drawn_for_a_wide_page_and_for_a_phone(tmp_path: Path) -> None:
    figure = chart(Line("A method", (at(0, 2), at(100, 4)), link="methods/a/"), title="It falls")
    wide, narrow = drawn(tmp_path, figure)
    assert [svg.get("class") for svg in (wide, narrow)] == ["plot wide", "plot narrow"]
    assert [svg.get("width") for svg in (wide, narrow)] == ["720", "340"]
    assert {svg.get("aria-label") for svg in (wide, narrow)} == {
        "It falls; a table below has its values"
    }
    assert {svg.get("role") for svg in (wide, narrow)} == {"img"}
    for svg in (wide, narrow):
        assert {"step", "loss, nats", "A method"} <= set(texts(svg))
        assert svg.xpath("//style|//*[@style]") == []
        assert svg.xpath(".//g[@class='way dash-0']/@stroke") == ["var(--of-gain)"]


def test_lines_of_one_colour_are_distinct_by_their_dashes(tmp_path: Path) -> None:
    ends = (at(0, 2), at(100, 4))
    figure = chart(Line("one", ends, link="methods/a/"), Line("two", ends, link="methods/b/"))
    wide, _ = drawn(tmp_path, figure)
    assert wide.xpath(".//g[starts-with(@class, 'way')]/@class") == ["way dash-0", "way dash-1"]


def test_dots_are_named_where_there_is_room_and_told_in_words(tmp_path: Path) -> None:
    crowd = [Line(f"crowded {i}", (at(50, 5, f"c {i}"),), "dots") for i in range(9)]
    apart = Line("apart", (at(10, 9, "far away"),), "dots")
    wide, _ = drawn(tmp_path, chart(*crowd, apart))
    assert "apart" in texts(wide)
    named = sum(text.startswith("crowded") for text in texts(wide))
    assert 0 < named < len(crowd)
    assert [title.text for title in wide.iter("title")] == [f"c {i}" for i in range(9)] + [
        "far away"
    ]
    assert wide.xpath(".//circle/@data-method") == [line.name for line in [*crowd, apart]]


def test_a_linked_dot_leads_to_its_page_past_the_theme_s_navigation(tmp_path: Path) -> None:
    dots = [
        Line("a", (at(1, 1),), "dots", "methods/a/"),
        Line("x", (at(9, 9),), "dots", "", "other"),
    ]
    wide, _ = drawn(tmp_path, chart(*dots, linked=True))
    (link,) = wide.iter("a")
    assert dict(link.attrib)["xlink:href"] == "../methods/a/"
    assert link.get("href") is None
    assert wide.get("role") == "group"


def test_rows_tell_a_value_beyond_their_ends_and_one_without_is_a_heading(tmp_path: Path) -> None:
    rows = [
        Row("a heading, however long it is, takes no room", (None,)),
        Row("inside", (Value(2, 1, 3, 1.5),), "gain"),
        Row("beyond", (Value(-2, -3, -1, 1),), "rank"),
    ]
    axis = Axis("times chance", 0.5, 16, True, (1, 4, 16))
    figure = Rows("Times", axis, 1, ("less", "more"), rows, [Lane("model")])
    wide, _ = drawn(tmp_path, figure)
    assert {"inside", "beyond", "less", "more", "1", "4", "16", "◂ −2"} <= set(texts(wide))
    assert len(wide.xpath(".//circle[@r='4.5']")) == 1
    (heading,) = wide.xpath(".//*[@class='end']")
    assert heading.text_content() == rows[0].name


def test_a_forest_has_gaps_notes_a_band_and_numbers_for_what_lies_beyond(tmp_path: Path) -> None:
    rows = [
        Row("both", (Value(1, 0, 2), Value(2, 1, 3)), "gain", "30"),
        Row("one", (Value(1, 0, 2), None), "gain", "15"),
        Row("far", (Value(-33, -35, -31), Value(-82, -85, -80)), "rank", "10"),
    ]
    lanes = [Lane("code"), Lane("prose", "diamond", hollow=True)]
    axis = Axis("points", -20, 4)
    figure = Rows("Points", axis, 0, ("", "ahead"), rows, lanes, band=1, noted="runs", width=560)
    wide, narrow = drawn(tmp_path, figure)
    assert [svg.get("width") for svg in (wide, narrow)] == ["560", "340"]
    for svg in (wide, narrow):
        assert {"runs", "30", "15", "10", "◂ −33, −82"} <= set(texts(svg))
        assert len(svg.xpath(".//g[@class='band']/rect|.//rect[@class='band']")) == 1
        assert len(svg.xpath(".//circle[@r='4.5']")) == 2


def test_rows_of_several_lanes_have_grounds_and_a_cut_interval_ends_in_a_point(
    tmp_path: Path,
) -> None:
    found = [
        Row(name, (Value(2, 1, high), Value(3, 2, 4)), "gain")
        for name, high in (("a", 12), ("b", 3), ("c", 3))
    ]
    figure = Rows("Gains", Axis("x", 0, 10), 0, ("less", "more"), found, [Lane("one"), Lane("two")])
    for svg in drawn(tmp_path, figure):
        assert len(svg.xpath(".//g[@class='ground']/rect|.//*[@class='ground'][self::rect]")) == 2
        assert [text for text in texts(svg) if text in "◂▸"] == ["▸"]
    single = figure._replace(rows=[Row("a", (Value(2, 1, 3),), "gain")], lanes=[Lane("")])
    assert not drawn(tmp_path, single)[0].xpath(".//*[@class='ground']/rect")


def place(svg: html.HtmlElement, name: str) -> tuple[float, float]:
    """Return where a name begins, in pixels."""
    (text,) = svg.xpath(f".//text[.='{name}']")
    moves = " ".join(text.xpath("ancestor-or-self::*/@transform"))
    found = re.findall(r"translate\(([-\d.]+),([-\d.]+)\)", moves)
    return sum(float(x) for x, _ in found), sum(float(y) for _, y in found)


def test_a_line_that_ends_among_others_has_its_name_near_and_a_leader_to_it(
    tmp_path: Path,
) -> None:
    fan = [Line(f"{k}", (at(0, 5), at(100, k)), kind="rank") for k in range(11)]
    short = Line("short", (at(0, 5), at(12, 5.3)), link="methods/a/")
    wide, _ = drawn(tmp_path, chart(short, *fan))
    (leader,) = wide.xpath(".//g[@class='leader']/path|.//path[@class='leader']")
    ends = re.findall(r"[ML]([-\d.]+),([-\d.]+)", leader.get("d"))
    (x, y), (right, down) = [(float(a), float(b)) for a, b in ends]
    name = place(wide, "short")
    assert abs(name[0] - right) < 5
    assert abs(name[1] - down) < 1
    assert abs(right - x) < 110
    dots = wide.xpath(".//circle[@data-method='short']")
    assert min(abs(float(d.get("cx")) - x) + abs(float(d.get("cy")) - y) for d in dots) < 12


def test_an_axis_that_goes_up_is_logarithmic_if_it_says_so(tmp_path: Path) -> None:
    dots = [Line(f"{y}", (Point(1, y, y, y, ""),), "dots") for y in (1, 10, 100)]
    level = Line("level", (at(0, 1), at(9, 100)), "level", kind="control")
    figure = Chart("Reach", Axis("x", 0, 9), Axis("y", 1, 1000, log=True), [*dots, level])
    wide, _ = drawn(tmp_path, figure)
    high = [float(circle.get("cy")) for circle in wide.iter("circle")]
    assert high[0] - high[1] == pytest.approx(high[1] - high[2], abs=0.2)
    assert {"10", "100", "level"} <= set(texts(wide))
    assert len(high) == len(dots)


def test_no_line_of_the_axis_runs_through_a_name_above_its_row(tmp_path: Path) -> None:
    found = [Row(f"a rather long name, {k}", (Value(2, 1, 3), None), "gain") for k in range(3)]
    lanes = [Lane("one"), Lane("two")]
    figure = Rows("Gains", Axis("x", -1, 4), 0, ("less", "more"), found, lanes, band=1)
    wide, narrow = drawn(tmp_path, figure)
    strips = narrow.xpath(".//g[@class='start']/following-sibling::g[@class='strip']/rect")
    grounds = narrow.xpath(".//g[@class='start']/following-sibling::g[@class='ground']/rect")
    names = [place(narrow, row.name)[1] for row in found]
    tops = sorted(float(one.get("y")) for one in [*strips, *grounds])
    assert all(top < y < top + 17 for top, y in zip(tops, names, strict=True))
    assert {float(one.get("x")) for one in [*strips, *grounds]} == {0}
    assert not wide.xpath(".//g[@class='strip']/rect")


def test_a_drawing_is_found_however_its_data_are_quoted(tmp_path: Path) -> None:
    spec = json.dumps(drawing(chart(Line("one", (at(0, 1), at(9, 1)))), THEMES, ""))
    page = tmp_path / "index.html"
    page.write_text(f'<div data-figure="{escape(spec)}"></div>', "utf-8")
    draw_figures(tmp_path, tmp_path / "kept")
    assert page.read_text("utf-8").startswith("<svg")


def test_what_colours_mean_is_said_once() -> None:
    titles = {"rank": "Directions", "gain": "Gains"}
    dots = [Line(name, (at(1, 1),), "dots", f"methods/{name}/") for name in "ab"]
    steps = Line("best", (at(1, 1),), "steps", kind="best")
    other = Line("x", (at(2, 2),), "dots", kind="other")
    found = keys(chart(*dots, other, steps), THEMES, titles)
    assert [(key.name, key.kind, key.hollow) for key in found] == [
        ("Gains", "gain", False), ("no page here", "other", True), ("best", "best", False),
    ]  # fmt: skip


def test_a_step_of_the_frontier_is_a_point_that_none_before_it_outdoes() -> None:
    dots = [Line(n, (at(x, y),), "dots") for n, x, y in (("a", 1, 2), ("b", 2, 1), ("c", 3, 5))]
    assert [line.name for line, _ in frontier(dots)] == ["a", "c"]


def test_a_figure_that_cannot_be_drawn_is_named_with_its_page(tmp_path: Path) -> None:
    figure = chart(Line("nothing", (), "dots"))
    with pytest.raises(SetupError, match=r"index\.html: 'Loss; a table .*' cannot be drawn: "):
        drawn(tmp_path, figure)


def test_a_figure_is_drawn_once_for_all_builds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(*names: str) -> int:
        """Make a page with charts of these names; return how often Node was started."""
        started = []
        run = subprocess.run

        def counted(*given: Any, **more: Any) -> Any:
            started.append(given)
            return run(*given, **more)

        monkeypatch.setattr(subprocess, "run", counted)
        figures = [chart(Line(name, (at(0, 1), at(9, 1)))) for name in names]
        specs = [escape(json.dumps(drawing(figure, THEMES, ""))) for figure in figures]
        page = tmp_path / "index.html"
        page.write_text("".join(f"<div data-figure='{spec}'></div>" for spec in specs), "utf-8")
        draw_figures(tmp_path, tmp_path / "kept")
        text = page.read_text("utf-8")
        assert "data-figure" not in text
        assert [text.count(f">{name}</text>") for name in names] == [2] * len(names)
        monkeypatch.setattr(subprocess, "run", run)
        return len(started)

    assert build("one", "two") == 1
    assert build("one", "two") == 0
    assert build("one", "three") == 1


def test_a_macro_gives_the_data_and_what_a_reader_without_the_drawing_needs() -> None:
    page = Page(SimpleNamespace(page=SimpleNamespace(url="map/", meta={})))
    line = Line("IA3", (Point(1, 2, 1.5, 2.5, "says"),), link="methods/ia3/")
    found = page.figure(chart(line, title='It’s "less" than < all'), table=True)
    (text,) = re.findall(r"<div data-figure='([^']*)'></div>", found)
    spec = json.loads(text)
    assert spec["label"].startswith('It’s "less" than < all')
    assert spec["figure"]["lines"][0]["kind"] == "gain"
    tree = html.fromstring(found)
    cells = [cell.text_content() for cell in tree.xpath("//tbody/tr/*")]
    assert cells == ["IA3", "1", "2", "1.5 to 2.5"]
    assert tree.xpath("//tbody//a/@href") == ["../methods/ia3/"]
    assert tree.xpath("//figcaption/strong/text()") == ['It’s "less" than < all']
