"""Printed tables become comparisons; what does not add up is flagged."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from scripts.bootstrap import ROOT
from scripts.catalog import read
from scripts.survey.facts.pair import read_models
from scripts.survey.facts.papers import Flag, flags, outside, read_tables
from scripts.survey.facts.records import CatalogError
from scripts.survey.facts.result import AVERAGE, FULL, Source
from scripts.survey.sources.evidence import findings
from scripts.survey.sources.head_to_head import (
    Comparison,
    Outcome,
    comparisons,
    home_field,
    leads,
    leads_of,
    outcomes,
    within_budget,
)
from scripts.survey.sources.rule import Side
from scripts.survey.sources.unit import units

ORDER = ["lora", "oft", "boft"]

ORIGIN = """
    authors_of: [lora]
    tables:
      - id: table-1
        place: Table 1
        model: GPT-2
        suite: E2E
        metrics: [BLEU, NIST]
        measure: as named
        rows:
          - {method: full, parameters: 350, values: "68.2 8.62"}
          - {method: lora, parameters: 0.35, values: "70.4 8.85"}
"""
LATER = """
    authors_of: [boft]
    tables:
      - id: table-2
        place: Table 2
        model: GPT-2
        suite: E2E
        metrics: [BLEU, NIST]
        measure: as named
        seeds: 3
        rates: method_tuned
        rows:
          - method: lora
            setting: r = 4
            parameters: 0.35
            run: copied:origin
            values: "68.9 8.85"
          - {method: lora, setting: r = 64, parameters: 5.6, values: "70.0 8.80"}
          - {method: oft, parameters: 0.3, values: "69.5 –"}
          - {method: boft, parameters: 0.4, values: "70.0 8.81", spread: "0.2 –"}
"""


def written(folder: Path, **files: str) -> tuple[Source, ...]:
    tables = folder / "docs/data/tables"
    tables.mkdir(parents=True)
    for key, text in files.items():
        (tables / f"{key}.yml").write_text(dedent(text))
    return read_tables.__wrapped__(folder)


def compared(papers: tuple[Source, ...]) -> dict[tuple[str, str, str, str], Comparison]:
    rows = comparisons(papers, ORDER, {})
    return {(r.source_key, r.method, r.baseline, r.metric): r for r in rows}


def test_the_own_method_is_compared_with_the_nearest_setting_of_each_other(tmp_path: Path) -> None:
    found = compared(written(tmp_path, origin=ORIGIN, later=LATER))
    row = found["later", "boft", "lora", "BLEU"]
    assert (row.method_value, row.baseline_value, row.baseline_params) == ("70.0", "68.9", "0.35 M")
    assert (row.run_by, row.baseline_run, row.rates) == ("authors", "copied:origin", "method_tuned")
    assert (row.seeds, row.spread) == ("3", "0.2/")


def test_a_paper_s_other_methods_are_a_rival_s_rows(tmp_path: Path) -> None:
    found = compared(written(tmp_path, later=LATER))
    assert found["later", "oft", "lora", "BLEU"].run_by == "rival"
    assert ("later", "lora", "oft", "BLEU") not in found
    assert ("later", "oft", "lora", "NIST") not in found, "an empty cell is no comparison"


def test_a_copied_cell_that_differs_from_its_origin_is_flagged(tmp_path: Path) -> None:
    found = list(flags(written(tmp_path, origin=ORIGIN, later=LATER)))
    what = "lora, GPT-2, E2E, BLEU: 68.9, but origin prints 70.4"
    assert found == [Flag("later", "Table 2", what)]


def test_an_average_that_is_not_that_of_its_cells_is_flagged(tmp_path: Path) -> None:
    text = ORIGIN.replace("[BLEU, NIST]", f"[a, b, {AVERAGE}]")
    text = text.replace("68.2 8.62", "80.0 90.0 85.0").replace("70.4 8.85", "80.0 90.0 85.9")
    (flag,) = flags(written(tmp_path, origin=text))
    assert "the average is 85.9, the mean of its cells 85.0" in flag.what


def found(papers: tuple[Source, ...]) -> list[Outcome]:
    return list(outcomes(papers, ORDER, {}))


def test_a_unit_is_the_mean_of_the_cells_and_better_is_positive(tmp_path: Path) -> None:
    text = ORIGIN.replace("[BLEU, NIST]", "[loss, error]\n        lower_is_better: [loss, error]")
    (unit,) = found(written(tmp_path, origin=text))
    assert unit.difference == pytest.approx(-(2.2 + 0.23) / 2)
    assert unit.side == "against"


def test_a_copied_row_of_the_method_is_no_unit(tmp_path: Path) -> None:
    text = LATER.replace("{method: oft,", '{method: oft, run: "copied:origin",')
    assert {unit.method for unit in found(written(tmp_path, later=text))} == {"boft"}


def test_a_unit_is_the_same_for_the_rule_and_beside_lora(tmp_path: Path) -> None:
    near = LATER.replace("{method: boft, parameters: 0.4,", "{method: boft, parameters: 0.36,")
    papers = written(tmp_path, origin=ORIGIN, later=near)
    judged = findings({"boft": ("boft",)}, papers, {})["boft"]
    (by_rule,) = (f for f in judged if f.dimension == "BL")
    (beside,) = (u for u in found(papers) if (u.method, u.baseline) == ("boft", "lora"))
    assert beside.side == by_rule.finding == "for"
    assert "70.0" not in by_rule.numbers, "r = 64 is not the nearest setting"


def test_what_both_count_agrees_everywhere() -> None:
    """Compare where a page has one module; with few parameters the rule takes level for ahead."""
    methods = read().methods.values()
    models = read_models(ROOT)
    single = {m.slug: m for m in methods if list(m.modules) == [m.slug]}
    beside = {
        (slug, source.key, f"{unit.model}, {unit.suite}"): unit.side
        for slug in single
        for source in read_tables()
        for unit in units(source, [slug], "lora", models)
    }
    shared = [
        (f.finding, beside[m.slug, f.source_key, f.unit])
        for m in single.values()
        for f in m.found("BL")
        if (m.slug, f.source_key, f.unit) in beside
    ]
    assert len(shared) > 200
    assert {pair for pair in shared if pair[0] != pair[1]} <= {("for", "level")}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("68.2 8.62", "68.2", "1 values for 2 metrics"),
        ("68.2 8.62", "68.2 x", "'x' is neither a number nor –"),
        ("method: full", "methode: full", "methode"),
        ("id: table-1", "id: Table 1", "tables.0.id: String should match pattern"),
        ("authors_of: [lora]", "authors_of: [lora]\n    authors_of: [oft]", "is there twice"),
    ],
)
def test_a_mistake_names_file_and_rule(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogError, match=r"docs/data/tables/origin\.yml") as caught:
        written(tmp_path, origin=ORIGIN.replace(old, new))
    assert message in str(caught.value)


def test_every_table_names_methods_of_the_catalogue() -> None:
    modules = {module for m in read().methods.values() for module in m.modules}
    printed = modules | {FULL, *outside()}
    assert not modules & outside().keys()
    for paper in read_tables():
        assert set(paper.authors_of) <= printed - {FULL}, paper.key
        for table in paper.tables:
            assert {row.method for row in table.rows} <= printed, (paper.key, table.place)


def test_methods_win_more_often_at_home_than_away(tmp_path: Path) -> None:
    away = LATER.replace("authors_of: [boft]", "authors_of: [oft]").replace("70.0 8.81", "60.0 8.0")
    papers = written(tmp_path, origin=ORIGIN, later=LATER, other=away)
    beside = [unit for unit in found(papers) if unit.baseline == "lora"]
    assert home_field(beside)[:3] == (2, 1.0, 0.5)


def test_budgets_are_alike_where_both_are_printed_and_hardly_more_is_trained() -> None:
    def unit(ratio: float | None) -> Outcome:
        return Outcome("oft", "lora", "a", "x", True, "for", 1.0, ratio)

    some = [unit(ratio) for ratio in (0.5, 1.1, 1.2, 8.0, None)]
    assert within_budget(some) == some[:2]


def test_a_lead_is_told_in_spreads_of_its_suite_a_paper_counting_once() -> None:
    def unit(source: str, suite: str, home: bool, gain: float) -> Outcome:
        side: Side = "for" if gain > 0 else "against"
        return Outcome("oft", "lora", source, suite, home, side, gain)

    some = [unit("a", "x", True, 3.0), unit("b", "x", False, -1.0)]
    some += [unit("b", "y", False, 2.0), unit("c", "y", False, 2.0)]
    ((method, (home, away)),) = leads(some).items()
    assert method == "oft"
    assert home.mean == home.low == home.high == pytest.approx(3 / 5**0.5)
    assert home.papers == 1
    first, second = (1 - 1 / 5**0.5) / 2, 1.0  # the papers b and c; suite y has a spread of 2
    assert away.mean == pytest.approx((first + second) / 2)
    assert [away.low, away.high] == pytest.approx([first, second])
    assert away.papers == 2
    assert leads_of(some[1:]) == leads_of(some[1:] * 2)  # as often as it is printed
    (third,) = leads_of([unit("b", "x", False, -1.0), unit("c", "x", False, 7.0)]).values()
    assert third.mean == pytest.approx(3 / 5)  # x has a spread of 5
    assert third.papers == 2
