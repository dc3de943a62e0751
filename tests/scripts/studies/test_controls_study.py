"""The study of controls: its plan, its sweeps, its runner, and what follows from its table."""

from __future__ import annotations

import csv
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client

from adapters_np.control import controls
from scripts.bootstrap import ROOT
from scripts.studies import controls as study
from scripts.studies import decoder, grid, kept, runner, training
from scripts.studies.adapting import Adapted
from scripts.studies.controls import Cell, cells, due
from scripts.studies.entries import Entry, entries, floors, settings
from scripts.studies.sweep import best, next_rates
from scripts.studies.training import Run
from scripts.survey.facts.reader import rows as read
from scripts.survey.results import controls as survey
from scripts.survey.results.controls import AGAIN, amount, comparisons, plan
from scripts.survey.results.hypothesis import decide, judge
from tests.scripts.studies.small import BASE, UNTOUCHED, at_start, outputs
from tests.scripts.studies.test_experiment import row_of as row_of_experiment
from tests.scripts.studies.test_experiment import texts as texts  # a fixture

PAGE = (ROOT / "docs" / "controls.md").read_text("utf-8")
OF_ALL = [entry for entry in entries().values() if entry.control and AGAIN not in entry.control]

# The plan -----------------------------------------------------------------------------------------


def test_every_method_of_the_experiment_is_there_once_with_all_its_controls() -> None:
    trained = {method.slug for method in grid.METHODS.values()} - {"full"}
    assert settings().keys() == trained
    for slug, name in settings().items():
        own = [e.control for e in OF_ALL if e.method == name]
        assert own == list(controls(slug)) != []
    assert settings()["road"] == "road 1"  # of variant 4 nothing could be lifted
    assert settings()["lora"] == "lora 4"


def test_seeds_are_fresh_and_sweeps_have_two_of_their_own() -> None:
    own = plan()
    assert len(own.seeds) >= 5
    assert len(own.sweep_seeds) >= 2
    used = {0, *grid.SEEDS}
    assert len(used | set(own.seeds) | set(own.sweep_seeds)) == len(used) + 7


def test_cells_are_those_of_the_plan_in_its_order() -> None:
    found = cells()
    assert len(found) == len(set(found)) == sum(amount(part).cells for part in plan().parts)
    tasks = list(dict.fromkeys(cell.task for cell in found))
    assert tasks == list(dict.fromkeys(part.task for part in plan().parts))
    on_code = [cell.name for cell in found if cell.task == "code" and cell.base == 0]
    assert on_code[0] == "full"
    place = {name: i for i, name in enumerate(on_code)}
    for entry in OF_ALL:
        assert place[entry.method] < place[entry.name]
    assert sum(AGAIN in name for name in on_code) == 3
    assert {cell.steps for cell in found if cell.task == "memory"} == {1600}


def test_what_pages_are_told_of_who_is_trained_is_so() -> None:
    told = {(e.method, e.control): e for e in survey.entries()}
    now = {(e.method, e.control): e for e in entries().values() if AGAIN not in e.control}
    assert told.keys() == now.keys()
    for (method, control), entry in told.items():
        assert entry.parameters == told[method, ""].parameters
        if control:
            kind = controls(entry.slug)[control]
            assert (entry.kind, entry.claim) == (kind.kind, kind.claim)
            adapted = Adapted(now[method, control].trains, BASE)
            assert decoder.count(adapted.start(11).learned) == entry.parameters
    assert told["ia3", ""].parameters == told["entries 2304", ""].parameters == 2304
    assert told["ln_tuning", ""].parameters == told["entries 576", ""].parameters == 576
    assert told["oft 16", "symmetric generators"].reached == told["oft 16", ""].reached


def test_delora_has_the_strength_of_the_plan_and_so_has_its_control() -> None:
    for name in ("delora 4", "delora 4: unbounded"):
        assert dict(entries()[name].trains.knobs)["strength"] == 1.0


# In the model -------------------------------------------------------------------------------------

ELSEWHERE = ("vblora", "prefix_tuning", "prompt_tuning")


@pytest.mark.long
@pytest.mark.parametrize("entry", OF_ALL, ids=[entry.name for entry in OF_ALL])
def test_in_the_model_a_control_starts_where_its_method_does(entry: Entry) -> None:
    rng = np.random.default_rng(0)
    start, moved = outputs(entry.trains, lambda a: a, lambda a: a + 0.1 * rng.normal(size=a.shape))
    of = at_start(entries()[entry.method].trains)
    where = UNTOUCHED if entry.trains.slug in ELSEWHERE[1:] else of
    gap = float(np.abs(start - where).max())
    assert gap < (0.2 if entry.trains.slug == "vblora" else 5e-3)
    assert np.isfinite(moved).all()
    assert float(np.abs(moved - start).max()) > 1e-3


def test_other_draws_are_other_draws() -> None:
    frozen = {}
    for name in ("oft 16: shuffled", "oft 16: shuffled" + AGAIN):
        frozen[name] = Adapted(entries()[name].trains, BASE).start(11).frozen["up"]["in_order"]
    one, other = frozen.values()
    assert (np.asarray(one) != np.asarray(other)).any()
    shapes = {np.asarray(a).shape for a in frozen.values()}
    assert len(shapes) == 1
    assert len({tuple(row) for row in np.asarray(one).tolist()}) == len(one)  # a draw a matrix


def test_the_floors_start_at_the_model_and_move_it() -> None:
    for entry in floors():
        start, moved = outputs(entry.trains, lambda a: a, lambda a: a + 0.1)
        np.testing.assert_allclose(start, UNTOUCHED, atol=1e-4)
        assert np.abs(moved - start).max() > 1e-3


# Sweeps -------------------------------------------------------------------------------------------


def test_a_sweep_has_tried_both_neighbours_of_its_best_rate() -> None:
    for lowest in (-11, -8, -7, 0):
        found: dict[int, float] = {}
        while rates := next_rates((-10, -8, -6), found, 15):
            found |= {k: abs(k - lowest + 0.1) for k in rates}
        assert best(found) == lowest
        assert {lowest - 1, lowest + 1} <= found.keys()
        assert len(found) <= 15


def loss(run: Run) -> float:
    lowest = {0: -1.5, 1: -1.75, 2: -1.0}[run.base]
    return float(abs(np.log10(run.rate) - lowest)) + (0.3 if run.seed == 20 else 0.0)


def answer(runs: list[Run], done: dict[str, Any]) -> None:
    for run in runs:
        done[run.key] = {"status": "done", "validation": loss(run), "rate": run.rate}


def test_two_seeds_decide_a_rate_and_each_base_model_has_its_own() -> None:
    done: dict[str, Any] = {}
    for base, lowest in ((0, -1.5), (1, -1.75), (2, -1.0)):
        cell = Cell("ia3: rotated", "code", base)
        if not base:
            assert due(cell._replace(base=1), done) == []  # it waits for the first
        rounds = 0
        while runs := due(cell, done):
            if {run.phase for run in runs} == {"final"}:
                assert [run.seed for run in runs] == list(plan().seeds)
                assert {run.rate for run in runs} == {round(10**lowest, 9)}
            else:
                assert {run.seed for run in runs} == set(plan().sweep_seeds)
            answer(runs, done)
            rounds += 1
        assert rounds >= 3
        assert due(cell, done) == []


def test_a_rate_at_which_one_seed_diverges_is_none() -> None:
    cell, done = Cell("oft 16: shuffled", "code"), dict[str, Any]()
    while runs := due(cell, done):
        if runs[0].phase == "final":
            break
        answer(runs, done)
        for run in runs:
            if run.rate > 0.02 and run.seed == 21:
                done[run.key]["status"] = "diverged"
    assert {run.rate for run in runs} == {round(10**-1.75, 9)}


def test_a_control_begins_at_its_methods_rate_and_ends_at_its_own() -> None:
    for name in ("delora 4", "miss 8", "svft 6"):
        for entry in OF_ALL:
            if entry.method == name:
                assert Cell(entry.name, "prose").guess == Cell(name, "prose").guess
    assert Cell("full", "code").guess == -10


# Runner and table ---------------------------------------------------------------------------------


def row_of(run: Run, test: float = 3.0) -> dict[str, Any]:
    return row_of_experiment(run, test) | {"seconds": 1.5, "parameters": 2304}


def test_what_is_missing_is_run_and_the_table_brings_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, table = tmp_path / "runs.jsonl", tmp_path / "controls.csv"
    chosen = [Cell("ia3: rotated", "code"), Cell("ia3: rotated", "code", 1)]
    with Client(
        processes=False, n_workers=1, threads_per_worker=1, dashboard_address=":0"
    ) as client:
        made = partial(
            runner.advance,
            client,
            chosen,
            due,
            run=lambda r: row_of(r, loss(r)),
            path=path,
            total=9,
        )
        assert made(done={}) == []
        count = len(path.read_text().splitlines())
        assert made(done=study.known(table, path)) == []
        assert len(path.read_text().splitlines()) == count
        study.tabulate(table, path)
        path.unlink()
        assert made(done=study.known(table, path)) == []
        assert not path.exists()
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == count
    assert {(r["method"], r["control"], r["kind"]) for r in rows} == {
        ("ia3", "rotated", "relocated")
    }
    assert {r["seconds"] for r in rows} == {"1.5"}
    runs = read(survey.Run, table, phase="final")
    assert [(r.base, r.seed) for r in runs] == [(b, s) for b in (0, 1) for s in plan().seeds]


def test_a_rate_is_chosen_when_its_sweep_has_ended(tmp_path: Path) -> None:
    cell, path = Cell("ia3: rotated", "code"), tmp_path / "runs.jsonl"

    def run(settings: Run) -> dict[str, Any]:
        """Return a run; the lowest rate, which is the best, takes its time."""
        time.sleep(0.5 if settings.rate < 0.02 and settings.phase == "sweep" else 0)
        return row_of(settings)

    def due(cell: Cell, done: grid.Done) -> list[Run]:
        """Return what a sweep of two rates needs: any one that is there has a best rate."""
        there = [k for k in (-5, -7) if cell.run(k, 20, "sweep").key in done]
        runs = [cell.run(k, 20, "sweep") for k in (-5, -7) if k not in there]
        runs += [cell.run(min(there), 11, "final")] if there else []
        return [one for one in runs if one.key not in done]

    with Client(
        processes=False, n_workers=1, threads_per_worker=1, dashboard_address=":0"
    ) as client:
        assert runner.advance(client, [cell], due, {}, run, path, 3) == []
    finals = [row for row in kept.read(path).values() if row["phase"] == "final"]
    assert [row["rate"] for row in finals] == [round(10 ** (-7 / 4), 9)]


def test_seeds_at_a_rate_that_is_not_the_best_are_no_part_of_the_table(tmp_path: Path) -> None:
    cell, path, table = Cell("ia3: rotated", "code"), tmp_path / "runs", tmp_path / "controls.csv"
    done: dict[str, Any] = {}
    while runs := due(cell, done):
        done |= {run.key: row_of(run, loss(run)) for run in runs}
    stale = [cell.run(-5, seed, "final") for seed in plan().seeds]
    for made in [*done.values(), *(row_of(run) for run in stale)]:
        kept.append(made, path)
    study.tabulate(table, path)
    with table.open(encoding="utf-8", newline="") as file:
        assert {row["key"] for row in csv.DictReader(file)} == done.keys()


def test_runs_of_the_table_are_made_again_and_compared() -> None:
    with survey.TABLE.open(encoding="utf-8", newline="") as file:
        rows = {row["key"]: row for row in csv.DictReader(file)}
    off, asked = 0.0, list[str]()

    def run(settings: Run) -> dict[str, Any]:
        asked.append(settings.key)
        row = rows[settings.key]
        return {name: float(row[name]) + off for name in study.MEASURED}

    lines = list(study.repeat(5, run))
    assert len(set(asked)) == 5
    assert all(line.startswith(key) for line, key in zip(lines, asked, strict=True))
    off = 2 * study.CLOSE
    with pytest.raises(SystemExit, match="Not the same: validation, test, held"):
        next(study.repeat(1, run))


def drawn(rng: np.random.Generator, leads: dict[str, float], task: str) -> list[survey.Run]:
    """Return runs in which full fine-tuning improves by 2 and methods lead their controls."""
    found = []
    for base in range(3):
        for entry in survey.entries():
            if survey.floor(entry.method):
                continue
            lead = 0.0 if entry.control else leads.get(entry.method, 0.0)
            size = 2.0 if entry.method == "full" else 1.5 + lead
            off = rng.normal(0, 0.004)
            found += [
                survey.Run(
                    entry.method, entry.control, task, base, seed, "final",
                    5.0 - size + off + rng.normal(0, 0.005), 5.0,
                )
                for seed in plan().seeds
            ]  # fmt: skip
    return found


def test_a_planted_lead_becomes_a_word_and_nothing_does_not() -> None:
    rng = np.random.default_rng(0)
    runs = [
        r for task in ("code", "prose") for r in drawn(rng, {"oft 16": 0.1, "hra 8": -0.1}, task)
    ]
    judged = judge(comparisons(survey.grouped(runs)))
    words = {
        method: decide([j for j in judged if j.comparison.method == method]).word
        for method in {j.comparison.method for j in judged}
    }
    assert words.pop("oft 16") == "holds"
    assert words.pop("hra 8") == "worse"
    # Where the hypothesis says that a choice does not matter, to be equal is for it.
    level = {e.method for e in survey.entries() if e.claim == "level"}
    assert level == {"shira 0.094", "vera", "randlora 6"}
    others = {word for method, word in words.items() if method not in level}
    assert others <= {"no better than its control", "cannot be told"}
    (lead,) = (
        j for j in judged if j.comparison.control == "shuffled" and j.comparison.method == "oft 16"
    )
    assert lead.overall.mean == pytest.approx(0.05, abs=0.01)


def test_the_page_says_the_rule_that_the_code_has() -> None:
    for word in ("holds", "holds in part", "worse", "no better than its control", "cannot be told"):
        assert f"| *{word}* |" in PAGE
    for outcome in ("equal", "ahead", "behind", "not resolved"):
        assert f"| *{outcome}* |" in PAGE


# Training -----------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.usefixtures("texts")
def test_a_control_learns_and_repeats() -> None:
    settings = Cell("oft 16: symmetric generators", "code").run(-8, 11, "final")
    short = Run(settings.method, "code", 0.01, 11, steps=20)
    row, again = training.run(short), training.run(short, curve=False)
    assert len(row["curve"]) == training.POINTS
    assert {**row, "seconds": 0, "curve": []} == {**again, "seconds": 0}
    assert row["status"] == "done"
    assert row["parameters"] == 17280


@pytest.mark.long
@pytest.mark.usefixtures("texts")
def test_a_method_leads_its_control_where_its_own_form_was_planted() -> None:
    ends = {}
    for name in ("ia3", "ia3: rotated", "ia3: rotated" + AGAIN):
        made = entries()[name].trains
        ends[name] = training.run(Run(made, "teacher ia3", 0.03, 11, steps=60))["test"]
    own, control, again = ends.values()
    assert own < control - 3 * abs(control - again)
