"""The replication: its runs are new, words wait for all of them, a pooled rate has a cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.studies import controls, replication
from scripts.studies.entries import entries
from scripts.studies.rows import write
from scripts.survey.results import controls as first
from scripts.survey.results import replication as results


def test_each_comparison_is_of_entries_and_no_run_is_one_that_was_made() -> None:
    study = replication.study()
    assert {*results.plan().comparisons()} <= entries().keys()
    due = [run for cell in study.cells for run in study.due(cell, {})]
    assert len({study.of(run).key for run in due}) == len(due) == 2322
    old = first.plan()
    assert not {*results.plan().seeds} & {*old.seeds, *old.sweep_seeds}
    assert not {*results.plan().bases} & {base for part in old.parts for base in part.bases}


def test_the_rate_is_the_mean_of_those_of_three_base_models() -> None:
    study, tops = controls.study(), []
    for base in "012":
        tried = study.swept(study.at["ia3", "", "code", base, "400"], replication.before())
        tops.append(min(tried, key=lambda k: tried[k]))
    mean = 2 * sum(tops) / 3  # in eighths of a decade
    assert abs(replication.pooled(entries()["ia3"], "code") - mean) <= 1


def row(
    method: str, task: str, base: int, seed: int, rate: float, loss: float
) -> dict[str, object]:
    fixed = {"control": "", "phase": "final", "start_test": 5.0}
    return fixed | {
        "method": method, "task": task, "base": base, "seed": seed, "rate": rate,
        "validation": loss, "test": loss,
    }  # fmt: skip


def test_no_word_before_all_runs_and_what_a_pooled_rate_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "replication.csv"
    monkeypatch.setattr(results, "TABLE", table)
    rates = {0.01: 0.1, 0.02: 0.0, 0.03: 0.1}  # full fine-tuning has its best rate, IA3 has not
    write(
        table,
        [
            row(method, "code", 3, seed, rate, least + more)
            for seed in results.plan().seeds[:2]
            for rate, more in rates.items()
            for method, least in (("full", 3.0), ("ia3", 4.0 - (rate == 0.03) * 0.3))
        ],
    )
    assert results.costs() == pytest.approx({"full": 0, "ia3": 10})
    with pytest.raises(ValueError, match=r"full, code, base 3: no run of \[33, 34, 35\]"):
        results.runs()
