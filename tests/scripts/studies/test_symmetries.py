"""Predictions of others on a trained model: copies that compute the same, arms, runs, and rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.methods.dora import DoRA
from adapters_np.methods.pissa import PiSSA
from scripts.studies import decoder, symmetries, tokens
from scripts.studies.copies import COPIES, READERS, copied
from scripts.studies.entries import reached
from scripts.studies.experiment import METHODS
from scripts.studies.study import Run
from scripts.studies.variants import FROM_NORM, FROM_ONE, Armed, Gained, method, moments, whitened
from scripts.survey.results import experiment, predictions
from scripts.survey.results.predictions import HOLDS, NOT, OPEN, PART, Setting, at
from scripts.survey.results.symmetries import plan
from tests.scripts.studies.conftest import Put
from tests.scripts.studies.test_experiment import texts as texts  # a fixture

TEXT = np.random.default_rng(0).integers(0, tokens.VOCABULARY, (2, 48), dtype=np.int32)

# Copies and arms ----------------------------------------------------------------------------------


@pytest.mark.long
def test_every_copy_computes_what_the_base_computes_and_most_have_other_weights() -> None:
    base = copied("plain", 0)
    wanted = np.asarray(decoder.logits(base, TEXT))
    for name in COPIES:
        made = copied(name, 3)
        apart = np.abs(np.asarray(decoder.logits(made, TEXT)) - wanted).max()
        assert apart < 1e-5 * np.abs(wanted).max(), name
        if name != "plain":
            assert np.abs(made["up"] - base["up"]).max() > 0.1, name
    one, other = (copied("turned", draw)["q"] for draw in (1, 2))
    assert np.abs(one - other).max() > 0.1


def test_gains_start_where_dora_starts_and_have_as_many_parameters() -> None:
    rng = np.random.default_rng(0)
    W = rng.standard_normal((12, 8))
    dora = DoRA.init(W, rng, rank=2, alpha=4.0)
    for arm, first in ((FROM_NORM, dora.m), (FROM_ONE, np.ones(12))):
        made = Gained.of(dora, arm)
        np.testing.assert_array_equal(made.m, first)
        np.testing.assert_allclose(made.delta(W), 0, atol=1e-12)
        louder = replace(made, m=made.m * 1.5)
        np.testing.assert_allclose(louder.delta(W), 0.5 * W, atol=1e-12)
        moved = perturbed(made, np.random.default_rng(1), 1.0)
        assert np.linalg.matrix_rank(moved.delta(W)) > 2
    sizes = set()
    for arm in (FROM_NORM, FROM_ONE):
        learned = Armed(method(arm, "all"), copied("plain", 0), "").start(1).learned
        sizes.add(decoder.count(learned))
    assert sizes == {experiment.finals("dora 4")[1].parameters}


def test_a_whitened_split_turns_with_the_units_of_the_features_and_pissas_does_not() -> None:
    rng = np.random.default_rng(0)
    W, X = rng.standard_normal((12, 8)), rng.standard_normal((8, 40))
    d = np.exp(rng.standard_normal(8))
    C = X @ X.T / 40
    parts = {}
    for name, weight, scale in (("plain", W, np.ones(8)), ("rescaled", W / d, d)):
        fresh = PiSSA.init(weight, rng, rank=2, alpha=2.0)
        split = whitened(fresh, weight, C * np.outer(scale, scale))
        np.testing.assert_allclose(split.delta(weight), 0, atol=1e-12)
        parts[name] = [p.s * p.B_0 @ p.A_0 * scale for p in (split, fresh)]
    (white, usual), (white_again, usual_again) = parts.values()
    np.testing.assert_allclose(white_again, white, atol=1e-10)
    assert np.abs(usual_again - usual).max() > 0.1


def test_moments_follow_the_units_of_the_features() -> None:
    base, other = copied("plain", 0), copied("rescaled", 1)
    for name in READERS:
        scale = other[name] / base[name]
        for i, (one, two) in enumerate(
            zip(moments(base, TEXT)[name], moments(other, TEXT)[name], strict=True)
        ):
            wanted = one * np.outer(scale[i], scale[i])
            np.testing.assert_allclose(two, wanted, atol=1e-3 * np.abs(wanted).max())


# Runs ---------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.usefixtures("texts")
def test_gains_for_outputs_do_not_notice_a_turned_stream() -> None:
    ends = []
    for copy in ("folded", "turned"):
        run = symmetries.settings(Run(("X.4", "ia3", copy), -3, 1, "final", 1), 0.03)
        ends.append(symmetries.train(replace(run, steps=20))["test"])
    assert ends[1] == pytest.approx(ends[0], abs=1e-4)


# Rules --------------------------------------------------------------------------------------------


Told = Callable[[str, Callable[..., float]], str]


@pytest.fixture
def told(put: Put) -> Told:
    """Put a table in place in which the loss of each run is given, and return the word."""

    def word(prediction: str, loss: Callable[..., float]) -> str:
        part = plan().parts[prediction]
        columns = ("prediction", "arm", "copy", "draw", "seed", "phase", "test")
        runs = [
            (prediction, name, copy, draw, seed, "final", loss(name, copy, draw, seed))
            for name in part.names()
            for copy, own in part.copies.items()
            for draw, seed in own.pairs()
        ]
        put(predictions, columns, [dict(zip(columns, run, strict=True)) for run in runs])
        return predictions.RULES[prediction]().word

    return word


def noise(*of: Any) -> float:
    return float(np.random.default_rng([ord(c) for c in str(of)]).normal(0, 0.002))


def test_a_gain_is_as_good_as_dora_or_is_not(told: Told) -> None:
    dora = predictions.settled("dora 4")

    def of(norm: float, one: float) -> Callable[..., float]:
        return lambda name, copy, draw, seed: (
            dora[seed] + (norm if name == FROM_NORM else one) + noise(name, seed)
        )

    assert told("X.2", of(0, 0.1)) == HOLDS
    assert told("X.2", of(0, 0)) == PART
    assert told("X.2", of(0.1, 0.1)) == NOT


def test_who_moves_when_the_stream_is_turned(told: Told) -> None:
    def of(*moved: str) -> Callable[..., float]:
        return lambda name, copy, draw, seed: (
            3.0 + noise(seed) + noise(name, copy, seed) + 0.1 * (copy == "turned" and name in moved)
        )

    assert told("X.4", of(*predictions.OTHER)) == HOLDS
    assert told("X.4", of("oft 16")) == PART
    assert told("X.4", of("lora 4", *predictions.OTHER)) == NOT
    assert told("X.4", of()) == NOT


def test_whose_results_vary_over_orders_of_the_units(told: Told) -> None:
    def of(**times: float) -> Callable[..., float]:
        def loss(name: str, copy: str, draw: int, seed: int) -> float:
            usual = predictions.settled(name)
            middle = np.mean(list(usual.values()))
            return float(
                middle + times.get(name.split()[0], times["others"]) * (usual[seed] - middle)
            )

        return loss

    assert told("X.3", of(others=4, lora=1)) == HOLDS
    assert told("X.3", of(others=1, oft=20, lora=1)) in (HOLDS, PART)
    assert told("X.3", of(others=4, lora=4)) == NOT
    assert told("X.3", of(others=0.1, lora=1)) == NOT
    assert told("X.3", of(others=1)) == OPEN


def test_a_mean_of_ratios_of_variances_seldom_leaves_its_interval_by_chance() -> None:
    whole = predictions.mean_ratio([1.0] * 4, 4, 4)
    drawn = np.random.default_rng(1).f(4, 4, (100_000, 4)).mean(axis=1)
    above, below = (np.mean(side) for side in (drawn * whole.low > 1, drawn * whole.high < 1))
    assert abs(above - 0.025) < 0.003
    assert abs(below - 0.025) < 0.003


def test_whether_whitening_makes_copies_alike(told: Told) -> None:
    def of(cost: float, pissa: float, white: float) -> Callable[..., float]:
        def loss(name: str, copy: str, draw: int, seed: int) -> float:
            at = noise(seed) if copy == "plain" else 0.01 * (draw - 4)
            size = white if name == "whitened" else pissa
            own = cost * (name == "whitened") + noise(name, seed)
            return 3.0 + own + (at * size if copy == "rescaled" else at)

        return loss

    assert told("X.11", of(0, 5, 1)) == HOLDS
    assert told("X.11", of(0.1, 5, 1)) == NOT
    assert told("X.11", of(0, 1, 5)) == NOT


# Dimension reached --------------------------------------------------------------------------------


def test_dimensions_of_the_table_are_those_that_are_known() -> None:
    found = {setting.name: setting for setting in predictions.reached()}
    shapes = [*[(64, 64)] * 16, *[(256, 64)] * 4, *[(64, 256)] * 4]
    for r in (1, 2, 4, 8):
        assert found[f"lora {r}"].parameters == sum(r * (m + n) for m, n in shapes)
        assert found[f"lora {r}"].dimension == sum(r * (m + n - r) for m, n in shapes)
    wasted = sum(2 * 2**2 + m + n - 1 for m, n in shapes)
    counted = found["loha 2"].parameters - found["loha 2"].dimension
    assert wasted <= counted <= wasted + len(shapes)  # what moves little is counted as nothing
    for name in ("ia3", "miss 8", "oft 16", "shira 0.094"):
        assert found[name].dimension == found[name].parameters
    assert all(setting.dimension <= setting.parameters for setting in found.values())
    assert reached(METHODS["lora 1"], "up") == 256 + 64 - 1


def test_a_line_is_straight_over_the_logarithm_of_size() -> None:
    line = [Setting("a", "x", 1, 1, 3.0, 0.3), Setting("b", "x", 100, 50, 1.0, 0.4)]
    assert at(line, lambda s: s.parameters, 10) == pytest.approx((2.0, 0.25))
    assert at(line, lambda s: s.dimension, 60) is None
