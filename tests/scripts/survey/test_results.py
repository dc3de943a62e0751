"""Results of the experiment's runs: intervals, pairs of seeds, forgetting on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy import stats

from scripts.catalog import read as read_catalog
from scripts.studies.experiment import COLUMNS
from scripts.survey.facts.reader import paired
from scripts.survey.facts.say import lead
from scripts.survey.results.experiment import (
    Cell,
    Run,
    at_rate,
    cell,
    finals,
    forgetting_at,
    loss,
    methods,
    read,
    sources,
)
from scripts.survey.results.questions import Name, Question, question
from scripts.survey.sources.evidence import findings
from scripts.survey.statistics.intervals import Interval, interval, kendall

ROW = {
    "method": "lora 4", "slug": "lora", "knobs": "alpha=8.0 rank=4", "place": "all", "arm": "",
    "parameters": "18432", "task": "code", "base": "0", "width": "64", "batch": "4", "steps": "400",
    "rate": "0.01", "seed": "1", "phase": "final", "validation": "3", "test": "3.1", "sibling": "",
    "held": "3.4", "start_validation": "4.8", "start_test": "4.7", "start_held": "2.4",
    "improvement": "0.8", "forgetting": "1", "curve_validation": "4.0 3.0", "curve_held": "2.8 3.4",
    "status": "done", "key": "k",
}  # fmt: skip


def table(path: Path, *changes: dict[str, str]) -> Path:
    rows = [ROW | change for change in changes]
    lines = [",".join(COLUMNS), *(",".join(row[column] for column in COLUMNS) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def runs(tmp_path: Path, *tests: float, method: str = "lora 4") -> dict[int, Run]:
    changes = [{"method": method, "seed": str(i), "test": str(t)} for i, t in enumerate(tests, 1)]
    return {run.seed: run for run in read(table(tmp_path / "t.csv", *changes))}


def test_a_row_is_read_as_what_its_columns_hold(tmp_path: Path) -> None:
    (run,) = read(table(tmp_path / "t.csv", {}))
    assert (run.parameters, run.test, run.sibling) == (18432, 3.1, None)
    assert run.curve_held == (2.8, 3.4)


def test_a_rate_that_was_not_run_is_told() -> None:
    assert at_rate("lora 4", 0.01).phase == "sweep"
    with pytest.raises(LookupError, match=r"lora 4 has no run at the rate 0\.5"):
        at_rate("lora 4", 0.5)


def test_an_interval_is_students_and_wider_among_many() -> None:
    values = [0.9, 1.0, 1.1, 1.3, 0.7]
    found = interval(values)
    low, high = stats.t.interval(0.95, 4, loc=1.0, scale=stats.sem(values))
    assert found == pytest.approx((1.0, low, high))
    assert interval(values, among=10).low < found.low
    assert not found.none
    assert Interval(0.1, -0.1, 0.3).none


def test_forgetting_is_read_where_the_curve_passes_a_loss(tmp_path: Path) -> None:
    (run,) = runs(tmp_path, 3.0).values()
    assert forgetting_at(run, 4.4) == pytest.approx(0.2)  # half of the way to the first point
    assert forgetting_at(run, 3.5) == pytest.approx(0.7)
    assert forgetting_at(run, 2.9) is None


def test_only_who_is_near_with_the_whole_interval_is_called_level() -> None:
    words, found = ("less", "more"), Interval(0.1, -0.1, 0.3)
    ends = "(0.100 nats more, 0.100 less to 0.300 more)"
    assert lead(found, words, level=0.3) == f"level {ends}"
    assert lead(found, words, level=0.29) == f"not told apart {ends}"
    assert lead(Interval(-0.1, -0.2, -0.05), words) == "0.100 nats less (0.050 to 0.200)"


# Questions ----------------------------------------------------------------------------------------


def asked(**more: object) -> Question:
    fields = {"key": "q", "baseline": "lora 4", "arms": ["dora 4", "oft 16"]}
    return Question.model_validate(fields | {"measures": ["loss"], "cells": ["code"]} | more)


def test_an_interval_is_corrected_for_the_number_of_arms() -> None:
    ours, theirs = finals("oft 16"), finals("lora 4")
    assert asked().difference("oft 16") == paired(ours, theirs, loss, 2)
    wide = asked(arms=["dora 4", "oft 16", "hra 8"]).difference("oft 16")
    assert wide == paired(ours, theirs, loss, 3)
    assert asked(cells=["code", "prose", "memory"], family="cells").among(Cell()) == 3
    assert asked(arms=["dora 4", "boft 8"], family="ran").among(Cell("memory")) == 1
    assert question("any").among(Cell()) == len(methods(Cell())) - 1 == 69


@pytest.mark.parametrize(
    ("arm", "measure", "on", "beside", "message"),
    [
        ("hra 8", "loss", "code", "", "the question 'q' has no arm 'hra 8': dora 4, oft 16"),
        ("oft 16", "early", "code", "", "the question 'q' has no measure 'early': loss"),
        ("oft 16", "loss", "prose", "", "the question 'q' has no cell"),
        ("oft 16", "loss", "code", "full", "the question 'q' has no arm 'full'"),
    ],
)
def test_what_a_question_does_not_ask_has_no_answer(
    arm: str, measure: Name, on: str, beside: str, message: str
) -> None:
    with pytest.raises(LookupError, match=message):
        asked().difference(arm, measure, cell(on), beside)


def test_an_arm_without_its_seeds_has_no_answer() -> None:
    with pytest.raises(LookupError, match="'boft 8' has not been run with all seeds"):
        asked(arms=["boft 8"], cells=["memory"]).difference("boft 8", "loss", Cell("memory"))
    with pytest.raises(LookupError, match="no question 'what'"):
        question("what")


def test_a_cell_is_named_in_words() -> None:
    assert cell() == Cell("code", 0, 64, 4, 400)
    assert cell("prose, base 2, steps 1600") == Cell("prose", 2, 64, 4, 1600)
    with pytest.raises(ValueError, match="'poetry' is neither"):
        cell("poetry")


def test_agreement_is_over_the_methods_that_both_rank() -> None:
    assert kendall({"a": 1, "b": 2, "c": 0}, {"a": 5, "b": 9}) == 1
    assert kendall({"a": 1, "b": 2}, {"a": 2, "b": 1}) == -1


# As a source of evidence --------------------------------------------------------------------------


def five(method: str, mean: float, **more: str) -> list[dict[str, str]]:
    slug = method.partition(" ")[0]
    return [
        {"method": method, "slug": slug, "seed": str(i), "improvement": f"{mean + d:.2f}"} | more
        for i, d in enumerate((-0.02, -0.01, 0.0, 0.01, 0.02), 1)
    ]


def test_the_experiment_is_a_weak_source_of_ours_that_adopts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "docs/data/experiment.csv"
    path.parent.mkdir(parents=True)
    rows = [
        *five("full", 1.0),
        *five("lora 4", 0.8),
        *five("oft 16", 0.9, parameters="19000"),
        *five("oft 16", 0.5, task="teacher lora"),
        *five("oft 16", 0.1, steps="1600"),
        *five("dora 4", 0.99, arm="fixed magnitude"),
    ]
    table(path, *rows)
    (source,) = sources(tmp_path)
    ((one,),) = ([row for row in t.rows if row.method == "oft"] for t in source.tables)
    assert [number.shown for number in (*one.values, *one.spread) if number] == ["90.0", "1.6"]
    assert one.parameters == 0.019
    methods = read_catalog().methods
    found = findings({slug: methods[slug].modules for slug in ("oft", "dora")}, [source], {})
    assert {f.dimension: (f.finding, f.run_by, f.strength, f.claimed_by) for f in found["oft"]} == {
        "BL": ("for", "independent", "weak", "us")
    }
    assert found["dora"] == ()


def test_there_is_no_source_without_a_table(tmp_path: Path) -> None:
    assert sources(tmp_path) == ()
