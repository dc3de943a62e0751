"""The study of any causal model: its plan, its order, its table, and a run with the real PEFT."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from adapters_np.core import slugs
from scripts.bootstrap import ROOT
from scripts.studies.causal import Cell, due, filed, missing, named, pieces, report, text, write
from scripts.survey.facts.records import CatalogError
from scripts.survey.facts.result import FULL
from scripts.survey.results import causal
from scripts.survey.results.causal import Run, plan, read, results
from scripts.survey.statistics.intervals import interval

RECORDED = json.loads((ROOT / "tests" / "parity" / "causal.json").read_text("utf-8"))
SIGNATURES = json.loads((ROOT / "scripts" / "catalog" / "peft_signatures.json").read_text("utf-8"))


def row(entry: str, seed: int, test: float, **other: Any) -> dict[str, Any]:
    plain = {
        "model": "tiny", "entry": entry, "task": "code", "parameters": 10, "steps": 300,
        "batch": 16, "rate": 0.001, "seed": seed, "phase": "final", "validation": 3.0,
        "test": test, "held": 5.0, "start_validation": 4.0, "start_test": 4.0, "start_held": 4.5,
        "status": "done", "seconds": 1.0, "device": "cpu", "versions": "x", "key": f"{entry}{seed}",
    }  # fmt: skip
    return plain | other


@pytest.mark.parametrize("name", plan().entries)
def test_every_entry_of_the_plan_is_what_peft_takes(name: str) -> None:
    entry = plan().entries[name]
    assert entry.slug in {FULL, *slugs()}
    assert entry.like in {"", *plan().entries}
    if name == FULL:
        assert not entry.config
    else:
        assert {*entry.arguments, "target_modules"} <= {*SIGNATURES["signatures"][entry.config]}


def test_every_entry_learns_with_the_real_peft_and_a_seed_gives_one_number() -> None:
    assert RECORDED["runs"].keys() == plan().entries.keys()
    for name, found in RECORDED["runs"].items():
        assert (name, found["status"], found["again"]) == (name, "done", 0.0)
        assert found["fell"] > 0.01


def test_the_parameters_are_those_that_the_formulas_give() -> None:
    """The matrices of the recorded model, as (outputs, inputs)."""
    s = RECORDED["shape"]
    width, inner = s["hidden_size"], s["intermediate_size"]
    keys = width * s["num_key_value_heads"] // s["num_attention_heads"]
    matrices = s["num_hidden_layers"] * [
        (width, width), (keys, width), (keys, width), (width, width),
        (inner, width), (inner, width), (width, inner),
    ]  # fmt: skip
    norms = (2 * s["num_hidden_layers"] + 1) * width
    outputs, lora = sum(m for m, _ in matrices), sum(m + n for m, n in matrices)
    own = {
        FULL: sum(m * n for m, n in matrices) + norms + 2 * s["vocab_size"] * width,
        "lora 4": 4 * lora,
        "dora 4": 4 * lora + outputs,
        "dora 4, fixed magnitude": 4 * lora,
        "pissa 4": 4 * lora,
        "pissa 4, orthogonal start": 4 * lora,
        "oft 32": sum(n // 32 * (32 * 31 // 2) for _, n in matrices),
        "ia3": outputs,
        "ln tuning": norms,
        "delora 4": 4 * lora + len(matrices),
        "shira": 4 * lora,
        "lora 1": lora,
        "lora 16": 16 * lora,
    }
    assert {name: found["parameters"] for name, found in RECORDED["runs"].items()} == own


def test_a_sweep_comes_first_and_then_the_seeds_and_nothing_is_made_twice() -> None:
    done: dict[str, Any] = {}
    cells = [Cell("tiny", "lora 4", "code"), Cell("tiny", "ia3", "code")]
    made = []
    for run in missing(cells, done):
        made.append(run)
        done[run.key] = {"status": "done", "validation": abs(run.rate - 0.001)}
    for cell in cells:
        mine = [run for run in made if run.entry == cell.entry]
        finals = [run for run in mine if run.phase == "final"]
        assert mine[-len(finals) :] == finals
        assert [run.seed for run in finals] == list(plan().seeds)
        assert {run.rate for run in finals} == {0.001}
        assert due(cell, done) == []
    assert len({run.key for run in made}) == len(made)


def test_what_came_out_is_judged_by_seed_beside_whom_the_plan_says(tmp_path: Path) -> None:
    drops = {FULL: [1.0, 1.1, 0.9, 1.0, 1.0], "lora 4": [0.8, 0.9, 0.7, 0.8, 0.8]}
    drops["dora 4"] = [0.85, 0.94, 0.76, 0.85, 0.85]
    rows = [
        row(entry, seed, 4.0 - fell)
        for entry, falls in drops.items()
        for seed, fell in zip(plan().seeds, falls, strict=True)
    ]
    rows += [row("ia3", 1, 3.9), row("lora 4", 0, 9.0, phase="sweep")]  # one seed, and a sweep
    write(tmp_path / "tiny.csv", rows)
    found = {f.entry: f for f in results(read(tmp_path / "tiny.csv"))}
    assert found.keys() == drops.keys()
    assert found["lora 4"].improvement == pytest.approx(0.8)
    assert found["lora 4"].forgetting == pytest.approx(0.5)
    among = sum(entry.like == "lora 4" for entry in plan().entries.values())
    expected = interval([0.05, 0.04, 0.06, 0.05, 0.05], among)
    assert found["dora 4"].beside == pytest.approx(expected)
    lines = list(report(read(tmp_path / "tiny.csv")))
    assert len(lines) == 4
    assert "80 %" in next(line for line in lines if line.startswith("lora 4"))


def test_a_table_that_is_not_of_this_study_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "tiny.csv"
    write(path, [row(FULL, 1, 3.0), row("ia3", 1, 3.0)])
    good = path.read_text("utf-8")
    for old, new, expected in (
        ("ia3", "ia4", r"tiny\.csv:3: entry='ia4' is not in causal\.yml"),
        (",0.001,", ",fast,", r"tiny\.csv:2: could not convert string to float: 'fast'"),
        ("seconds,", "minutes,", r"tiny\.csv: its columns are not model, entry, "),
    ):
        path.write_text(good.replace(old, new), "utf-8")
        with pytest.raises(CatalogError, match=expected):
            read(path)


def test_every_table_that_was_brought_can_be_read_and_holds_each_run_once() -> None:
    for path in causal.TABLES.glob("*.csv"):
        runs = read(path)
        assert len({run.key for run in runs}) == len(runs) > 0
        assert {filed(run.model) for run in runs} == {path.stem}


def test_a_row_has_the_columns_of_the_table(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [row(FULL, 1, 3.0)])
    with (tmp_path / "a.csv").open(encoding="utf-8") as file:
        assert tuple(next(csv.reader(file))) == Run._fields


def test_texts_of_ones_own_are_read_and_one_that_is_too_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "held.txt").write_text("kept", "utf-8")
    assert text("texts", "held", tmp_path) == "kept"
    assert pieces(list(range(10)), 4).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    with pytest.raises(ValueError, match="a text has 3 tokens, fewer than one piece of 4"):
        pieces([1, 2, 3], 4)


def test_runs_on_other_texts_are_other_runs(tmp_path: Path) -> None:
    for which in ("train", *causal.LOSSES):
        (tmp_path / f"{which}.txt").write_text("one", "utf-8")
    first = Cell("tiny", "lora 4", named(tmp_path)).run(-6, 1, "final")
    assert Cell("tiny", "lora 4", named(tmp_path)).run(-6, 1, "final").key == first.key
    (tmp_path / "held.txt").write_text("another", "utf-8")
    assert Cell("tiny", "lora 4", named(tmp_path)).run(-6, 1, "final").key != first.key
