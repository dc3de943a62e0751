"""LoRA, trained otherwise: recipes, intruders, runs, and rules."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.studies import intruders, kept
from scripts.studies import otherwise as study
from scripts.studies.arms import method
from scripts.studies.otherwise import Cell, cells, due
from scripts.studies.pretrain import base
from scripts.studies.recipes import RECIPES, USUAL, Otherwise, corrected, preconditioned
from scripts.survey.facts.reader import rows
from scripts.survey.results import effects, experiment, otherwise
from scripts.survey.results.otherwise import Made, plan
from scripts.survey.results.predictions import HOLDS, NOT, OPEN, PART
from tests.scripts.studies.test_experiment import texts as texts  # a fixture

# Recipes ------------------------------------------------------------------------------------------


def gradients(A: Any, B: Any, G: Any) -> Any:
    return {"square": {"A": B.swapaxes(1, 2) @ G, "B": G @ A.swapaxes(1, 2)}}


def test_a_preconditioned_step_does_not_depend_on_how_the_change_is_split() -> None:
    rng = np.random.default_rng(0)
    A, B, G = (30 * rng.standard_normal((2, *s)) for s in ((3, 10), (12, 3), (12, 10)))
    T = rng.standard_normal((2, 3, 3)) + 2 * np.eye(3)
    steps = []
    for a, b in ((A, B), (np.linalg.inv(T) @ A, B @ T)):
        learned = {"square": {"A": a, "B": b}}
        (way,) = preconditioned(gradients(a, b, G), learned, {}).values()
        steps.append(way["B"] @ a + b @ way["A"])
        plain = gradients(a, b, G)["square"]
        steps.append(plain["B"] @ a + b @ plain["A"])
    one, plain, other, other_plain = map(np.asarray, steps)
    np.testing.assert_allclose(other, one, rtol=0, atol=0.01 * np.abs(one).max())
    assert np.abs(other_plain - plain).max() > 0.1 * np.abs(plain).max()


def test_the_gradient_of_b_is_that_of_a_least_squares_fit_when_a_is_frozen() -> None:
    rng = np.random.default_rng(0)
    A, G = rng.standard_normal((1, 3, 10)), rng.standard_normal((1, 12, 10))
    found = corrected({"square": {"B": G @ A.swapaxes(1, 2)}}, {}, {"square": {"A": A}})
    wanted = np.linalg.lstsq(A[0].T, G[0].T, rcond=None)[0].T
    np.testing.assert_allclose(found["square"]["B"][0], wanted, rtol=1e-3, atol=1e-4)


def test_paces_are_those_of_the_factors() -> None:
    way = {"up": {"A": np.ones(2), "B": np.ones(3)}}
    found = RECIPES["B at 16 times the rate"].paced(way)
    assert (found["up"]["A"][0], found["up"]["B"][0]) == (1, 16)
    assert USUAL.paced(way) is way


def test_what_is_frozen_is_not_trained_and_an_arm_without_a_recipe_is_lora() -> None:
    sizes = {}
    for name in ("lora 4", "lora-fa", "preconditioned"):
        learned, frozen = Otherwise(method(name, "all"), base()[0]).start(1)
        sizes[name] = sum(a.size for own in learned.values() for a in own.values())
        assert ("A" in frozen.get("square", {})) == (name == "lora-fa")
    assert sizes["lora-fa"] == experiment.finals("lora 2")[1].parameters == sizes["lora 4"] // 2
    with experiment.TABLE.open(encoding="utf-8", newline="") as file:
        known = {row["key"] for row in csv.DictReader(file)}
    assert {run.key for run in due(Cell("lora 4"), {})} <= known


# Intruders ----------------------------------------------------------------------------------------


def test_a_new_strong_direction_is_an_intruder_and_a_louder_old_one_is_not() -> None:
    rng = np.random.default_rng(0)
    U, V = (np.linalg.qr(rng.standard_normal((16, 16)))[0] for _ in range(2))
    W = (U * np.linspace(2, 1, 16)) @ V.T
    everywhere = U @ np.ones(16) / 4  # as near to each as to any other
    planted = W + 9 * np.outer(everywhere, V @ np.ones(16) / 4)
    louder = W + 9 * np.outer(U[:, 3], V[:, 3])
    stacked = {"q": np.stack([W, W])}
    near = intruders.near(stacked, {"q": np.stack([planted, louder])}, 10)
    assert near[0] < 0.5
    assert (near[10:] > 0.99).all()
    gone = intruders.reduced(W, planted, 1, 0.5, 0.0)
    values = np.linalg.svd(planted, compute_uv=False)
    np.testing.assert_allclose(np.linalg.svd(gone, compute_uv=False)[:15], values[1:], atol=1e-10)
    np.testing.assert_allclose(intruders.reduced(W, planted, 1, 0.5, 1.0), planted, atol=1e-12)
    np.testing.assert_allclose(intruders.reduced(W, louder, 10, 0.5, 0.0), louder, atol=1e-12)


def test_a_scattered_change_keeps_its_singular_values_alone() -> None:
    rng = np.random.default_rng(0)
    W = {"up": rng.standard_normal((2, 12, 8))}
    after = {"up": W["up"] + rng.standard_normal((2, 12, 1)) @ rng.standard_normal((2, 1, 8))}
    found = intruders.scattered(W, after, [1, 2])["up"] - W["up"]
    wanted = after["up"] - W["up"]
    for one, other in zip(found, wanted, strict=True):
        values = np.linalg.svd(one, compute_uv=False)
        np.testing.assert_allclose(values, np.linalg.svd(other, compute_uv=False), atol=1e-10)
        assert np.abs(one - other).max() > 0.1
    half = intruders.shrunk(W, after, 0.5)["up"]
    np.testing.assert_allclose(half - W["up"], wanted / 2)


# Runs ---------------------------------------------------------------------------------------------


def told(run: Any, test: float) -> dict[str, Any]:
    losses = {"validation": test, "test": test, "held": 3.0}
    return {
        **asdict(run), **losses, "key": run.key, "parameters": 9, "status": "done",
        "start": {"validation": 4.8, "test": 4.8, "held": 2.4}, "seconds": 1.5,
        "intruders": [3, 1, 9], "scattered": [2, 0, 8], "reduced_test": [3.0, 3.25],
    }  # fmt: skip


def test_a_sweep_gives_the_rate_also_to_the_arm_that_is_like_it() -> None:
    done: dict[str, Any] = {}
    cell = Cell("lora+ 16")
    while (runs := due(cell, done))[0].phase == "sweep":
        assert {run.seed for run in runs} == {plan().sweep_seed}
        for run in runs:
            done[run.key] = told(run, abs(np.log10(run.rate) + 2.5))
    assert {run.rate for run in runs} == {round(10**-2.5, 9)}
    assert len(runs) == 2 * len(plan().seeds)
    assert len({run.method for run in runs}) == 2
    settled = due(Cell("lora 4"), {})
    assert {run.rate for run in settled} == {0.01}
    assert len({run.key for run in settled}) == len(plan().seeds)


def test_an_arm_of_the_ranks_also_runs_at_the_rate_of_rank_4_where_its_own_is_another() -> None:
    for best, phases in ((-1.5, {"final", "transfer"}), (-2.0, {"final"})):
        done: dict[str, Any] = {}
        cell = Cell("plain 64")
        while (runs := due(cell, done))[0].phase == "sweep":
            for run in runs:
                done[run.key] = told(run, abs(np.log10(run.rate) - best))
        assert {run.phase for run in runs} == phases
        assert {run.rate for run in runs if run.phase == "transfer"} <= {0.01}


def test_the_table_brings_runs_back(tmp_path: Path) -> None:
    path, table = tmp_path / "runs.jsonl", tmp_path / "otherwise.csv"
    run = Cell("alpha 16").run(-6, 1, "final")
    kept.append(told(run, 3.25), path)
    study.tabulate(table, path)
    path.unlink()
    back = study.known(table, path)
    assert back.keys() == {run.key}
    assert back[run.key]["reduced_test"] == [3.0, 3.25]
    assert back[run.key]["intruders"] == [3, 1, 9]
    with table.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["arm"], row["scattered"]) == ("alpha 16", "2 0 8")
    (made,) = rows(Made, table)
    assert made.forgetting == pytest.approx(0.6)


def test_what_is_committed_is_of_the_plan() -> None:
    with otherwise.TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all(study.again(row).key == row["key"] for row in rows)
    assert {row["arm"] for row in rows} <= set(otherwise.arms())
    assert [name for cell in cells() for name in (each.name for each in cell.alike)] == (
        otherwise.arms()
    )


def test_lora_comes_out_as_in_the_experiment() -> None:
    there = experiment.finals("lora 4")
    for seed, run in otherwise.finals("lora 4").items():
        assert run.test == pytest.approx(there[seed].test, abs=1e-3)


@pytest.mark.long
@pytest.mark.usefixtures("texts")
def test_a_frozen_factor_stays_and_a_run_repeats() -> None:
    run = replace(Cell("lora-fa").run(-3, 1, "final"), steps=20)
    one, other = study.run(run), study.run(run)
    assert one["test"] == other["test"] < one["start"]["test"]
    assert len(one["intruders"]) == len(plan().below)


# Rules --------------------------------------------------------------------------------------------

COLUMNS = ("arm", "phase", "rate", "seed", "parameters", "validation", "test", "held", "status")
Loss = Callable[[str, int, str], float]
Table = Callable[..., None]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    """Put a table in the place of the study's in which the loss of each run is given."""
    numbers = count()

    def write(loss: Loss, rate: float = 0.03, **more: Any) -> None:
        path = tmp_path / f"table{next(numbers)}.csv"
        start = {"start_test": 4.8, "start_held": 2.4, "start_validation": 4.8}
        blank = dict.fromkeys(study.COLUMNS, "")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, study.COLUMNS)
            writer.writeheader()
            for arm in otherwise.arms():
                for phase in ("final", "transfer"):
                    for seed in plan().seeds:
                        own = {name: of(arm) for name, of in more.items()}
                        about = {"arm": arm, "phase": phase, "rate": rate, "seed": seed}
                        test = loss(arm, seed, phase)
                        ends = {"validation": test, "test": test, "held": 3.4, "parameters": 9}
                        writer.writerow(blank | start | about | ends | own)
        monkeypatch.setattr(otherwise, "TABLE", path)

    return write


def noise(*of: Any) -> float:
    return float(np.random.default_rng([ord(c) for c in str(of)]).normal(0, 0.002))


def test_a_recipe_is_ahead_behind_or_level(table: Table) -> None:
    shift = {"lora+ 16": -0.1, "lora-fa": 0.1}
    table(lambda arm, seed, _: 3.0 + shift.get(arm, 0.0) + noise(seed) + noise(arm, seed))
    words = {arm: otherwise.recipe(arm).word for arm in ("lora+ 16", "lora-fa", "lora+ 4")}
    assert words == {"lora+ 16": "ahead", "lora-fa": "behind", "lora+ 4": "level"}
    assert otherwise.is_alpha()[0] == NOT
    table(lambda arm, seed, _: 3.0 + noise(seed) + noise(arm, seed))
    assert otherwise.is_alpha()[0] == HOLDS


def test_one_rate_serves_all_ranks_or_does_not(table: Table) -> None:
    for lost, word in (
        (("plain",), HOLDS), (("plain", "stable 1"), PART), (("plain 1", "stable 1"), NOT),
        (("stable",), NOT),
    ):  # fmt: skip

        def loss(arm: str, seed: int, phase: str, lost: tuple[str, ...] = lost) -> float:
            worse = 0.2 * (phase == "transfer" and arm.startswith(lost))
            return 3.0 + noise(arm, seed, phase) + worse

        table(loss)
        assert otherwise.transfers()[0] == word


def test_whether_lora_has_more_intruders(table: Table) -> None:
    def flat(arm: str, seed: int, phase: str) -> float:
        return 3.0 + noise(arm, seed)

    for lora, full, word in ((9, 2, HOLDS), (2, 9, NOT), (4, 4, OPEN)):
        table(flat, intruders=lambda arm, n=(lora, full): f"{n[arm == 'full']} 0 0")
        assert otherwise.has_more()[0] == word


def of_run(**more: Any) -> Made:
    plain = dict.fromkeys(Made._fields[:12], 0) | {"test": 3.0, "held": 3.4, "start_held": 2.4}
    return Made(**(plain | more))


def test_what_is_saved_is_told_beside_a_smaller_change() -> None:
    curve = {"shrunk_test": (4.8, 3.2, 2.9), "shrunk_held": (2.4, 2.9, 3.2)}
    same = of_run(reduced_test=(3.1,), reduced_held=(3.0,), **curve)
    assert otherwise.beyond(same, 0) == pytest.approx(0, abs=1e-6)
    more = of_run(reduced_test=(3.2,), reduced_held=(2.7,), **curve)
    assert otherwise.beyond(more, 0) == pytest.approx(0.2)
    best = of_run(reduced_test=(2.5,), reduced_held=(3.3,), **curve)
    assert otherwise.beyond(best, 0) == pytest.approx(-0.1)
    worst = of_run(reduced_test=(5.5,), reduced_held=(2.5,), **curve)
    assert otherwise.beyond(worst, 0) == pytest.approx(-0.1)


def test_a_point_is_what_the_plan_says() -> None:
    assert effects.LEVEL == 1
