"""Facts as tables and rows of dots, and the line on a method's page about its training."""

from __future__ import annotations

import json
import re
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.catalog import read
from scripts.macros.later import own_training
from scripts.macros.page import Page
from scripts.macros.views import Views, called
from scripts.survey.results.later import effect, named, plan
from scripts.survey.sources.providers import facts


@pytest.fixture
def views() -> Views:
    return Views(Page(SimpleNamespace(page=SimpleNamespace(url="findings/tuned/", meta={}))))


def plain(name: str) -> str:
    return str(effect(name)).replace("not told apart", "no clear difference")


def drawn(html: str) -> dict[str, Any]:
    (found,) = re.findall(r"data-figure='(.*?)'", html)
    figure: dict[str, Any] = json.loads(unescape(found))["figure"]
    return figure


def test_a_table_has_a_row_for_each_fact_the_largest_first(views: Views) -> None:
    columns = {"Who": "name", "Lead": "points", "Improvement": "improvement | 1", "Like": "beside"}
    rows = views.table("later", columns, having="beside", by="points").strip().splitlines()
    assert rows[:2] == ["| Who | Lead | Improvement | Like |", "| --- | --- | --- | --- |"]
    by_lead = sorted(named(False), key=lambda name: -effect(name).mean)
    told = [row.strip("| ").split(" | ") for row in rows[2:] if "(" in row]
    assert [row[:2] for row in told] == [[called(n), plain(n)] for n in by_lead]
    assert {row[3] for row in told} == {"LoRA 1", "LoRA 4", "LoRA 8"}
    assert all(re.fullmatch(r"\d\d\.\d %", row[2]) for row in told)
    named_row = views.table("later", {"": "name", "x": "rate"}, {"lora 4": "this one"})
    assert named_row.endswith("| this one | 0.01 |\n")
    with pytest.raises(LookupError, match="no row has the column 'beneath'"):
        views.table("later", columns, having="beneath")


def test_a_figure_has_the_intervals_of_facts(views: Views) -> None:
    html = views.figure("later", "points", "Leads", having="control", by="points")
    rows = drawn(html)["rows"]
    by_lead = sorted(named(True), key=lambda name: -effect(name).mean)
    assert [row["name"] for row in rows] == [called(name) for name in by_lead]
    lead = effect(by_lead[0])
    assert list(rows[0]["values"][0].values()) == pytest.approx(
        [lead.high, lead.low, lead.mean], rel=1e-4
    )


def test_a_value_has_its_control_where_that_is_a_fact(views: Views) -> None:
    html = views.figure("changes/rank-2", "bert_ft", "", having="parameters", start=1)
    cells = {f.column: f.value for f in facts().of("changes")["rank-2"]["row_gains"]}
    (row,) = (row for row in drawn(html)["rows"] if row["name"] == "Row gains")
    (value,) = row["values"]
    assert [value["x"], value["control"]] == pytest.approx(
        [cells["bert_ft"], cells["bert_ft control"]], rel=1e-4
    )


def test_a_scatter_plot_has_a_dot_for_each_row_and_steps_along_the_best(views: Views) -> None:
    html = views.scatter("peft/maths", ("parameters", "M"), ("GSM8K", "%"), "", best="best")
    steps, *dots = drawn(html)["lines"]
    scores = [point["y"] for line in dots for point in line["points"]]
    assert len(scores) == len(facts().of("peft")["maths"])
    heights = [point["y"] for point in steps["points"]]
    assert heights == sorted(heights)
    assert heights[-1] == max(scores)


def test_a_method_s_page_has_each_of_its_modules_beside_lora() -> None:
    page = Page(SimpleNamespace(page=SimpleNamespace(url="methods/hira/", meta={})))
    slugs = {name: plan().entries[name].slug for name in named(False)}
    places = []
    for method in read().methods.values():
        text = own_training(page, method.modules)
        own = [name for name, slug in slugs.items() if slug in method.modules]
        assert all(plain(name) in text for name in own)
        assert bool(text) == bool(own)
        places += own
    assert sorted(places) == sorted(slugs)
