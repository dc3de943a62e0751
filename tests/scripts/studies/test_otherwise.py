"""LoRA, trained otherwise: recipes, intruders, runs, and rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from scripts.studies import intruders
from scripts.studies import otherwise as study
from scripts.studies.adapting import Adapted
from scripts.studies.pretrain import base
from scripts.studies.recipes import RECIPES, USUAL, corrected, preconditioned
from scripts.studies.study import Run
from scripts.studies.variants import method
from scripts.survey.results import experiment, otherwise
from scripts.survey.results.otherwise import Made, plan
from scripts.survey.results.predictions import HOLDS, NOT, OPEN, PART
from tests.scripts.studies.conftest import Put
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
        learned, frozen = Adapted(method(name, "all"), base()[0]).start(1)
        sizes[name] = sum(a.size for own in learned.values() for a in own.values())
        assert ("A" in frozen.get("square", {})) == (name == "lora-fa")
    assert sizes["lora-fa"] == experiment.finals("lora 2")[1].parameters == sizes["lora 4"] // 2


# Intruders ----------------------------------------------------------------------------------------


def test_a_new_strong_direction_is_an_intruder_and_a_louder_old_one_is_not() -> None:
    rng = np.random.default_rng(0)
    U, V = (np.linalg.qr(rng.standard_normal((16, 16)))[0] for _ in range(2))
    W = (U * np.linspace(2, 1, 16)) @ V.T
    everywhere = U @ np.ones(16) / 4  # as near to each as to any other
    planted = W + 9 * np.outer(everywhere, V @ np.ones(16) / 4)
    louder = W + 9 * np.outer(U[:, 3], V[:, 3])
    before, after = {"q": np.stack([W, W])}, {"q": np.stack([planted, louder])}
    near = intruders.near(before, after, 10)
    assert near[0] < 0.5
    assert (near[10:] > 0.99).all()
    gone, _ = intruders.reduced(before, after, 1, 0.5, 0.0)["q"]
    values = np.linalg.svd(planted, compute_uv=False)
    np.testing.assert_allclose(np.linalg.svd(gone, compute_uv=False)[:15], values[1:], atol=1e-10)
    np.testing.assert_allclose(
        intruders.reduced(before, after, 10, 0.5, 0.0)["q"][1], louder, atol=1e-12
    )
    np.testing.assert_allclose(
        intruders.reduced(before, after, 10, 0.5, 1.0)["q"], after["q"], atol=1e-12
    )


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


@pytest.mark.long
@pytest.mark.weekly  # compiling takes 20 s
@pytest.mark.usefixtures("texts")
def test_after_a_run_its_intruders_are_counted_and_made_weaker() -> None:
    run = study.settings(Run(("lora 4",), -3, 1, "final"), 0.03)
    made = study.train(replace(run, steps=20))
    assert made["test"] < made["start_test"]
    assert len(made["intruders"]) == len(made["scattered"]) == len(plan().below)
    assert len(made["reduced_test"]) == len(plan().factors)
    assert made["shrunk_held"][0] == pytest.approx(made["start_held"], abs=1e-4)


# Rules --------------------------------------------------------------------------------------------

COLUMNS = ("arm", "phase", "rate", "seed", "parameters", "validation", "test", "held", "status")
Loss = Callable[[str, int, str], float]
Table = Callable[..., None]


@pytest.fixture
def table(put: Put) -> Table:
    """Put a table in the place of the study's in which the loss of each run is given."""

    def written(loss: Loss, **more: Any) -> None:
        start = {"start_test": 4.8, "start_held": 2.4, "start_validation": 4.8}
        rows = []
        for arm, phase, seed in product(otherwise.arms(), ("final", "transfer"), plan().seeds):
            test, own = loss(arm, seed, phase), {name: of(arm) for name, of in more.items()}
            about = {"arm": arm, "phase": phase, "rate": 0.03, "seed": seed, "parameters": 9}
            ends = {"validation": test, "test": test, "held": 3.4}
            rows.append(start | about | ends | own)
        put(otherwise, study.COLUMNS, rows)

    return written


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
