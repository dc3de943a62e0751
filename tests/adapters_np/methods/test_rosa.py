"""Consequences of RoSA's formula."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.fit import fit, last
from adapters_np.linalg import Array, low_rank_factors
from adapters_np.methods.rosa import RoSA, gradients, largest
from adapters_np.methods.supertuning import SuperTuning
from tests.toy import weight

W = weight(48, 64)


def fresh(**knobs: Any) -> RoSA:
    return RoSA.init(W, np.random.default_rng(1), **knobs)


def outlying(rank: int = 2, count: int = 40) -> tuple[Array, Array]:
    """Return a change of low rank with a few entries that stand out, and where they are."""
    rng = np.random.default_rng(3)
    low = rng.normal(size=(48, rank)) @ rng.normal(size=(rank, 64)) / 10
    places = np.zeros(W.shape, bool)
    places.flat[rng.permutation(W.size)[:count]] = True
    return low + 4 * places, places


@pytest.mark.parametrize("score", ["squared", "mean"])
def test_places_are_those_of_the_largest_gradients(score: Any) -> None:
    adapter = fresh(batches=4, score=score)
    G = gradients(np.random.default_rng(1), W.shape, 4)
    scores = (G**2).mean(axis=0) if score == "squared" else np.abs(G.mean(axis=0))
    at = np.zeros(W.shape, bool)
    at[adapter.rows, adapter.columns] = True
    assert scores[at].min() > scores[~at].max()


def test_with_places_that_stand_out_of_a_lora_it_finds_what_neither_part_does() -> None:
    """This is what a warm-up is for: the places are of what the best LoRA leaves."""
    change, places = outlying()
    B, A = low_rank_factors(change, 2)
    rows, columns = largest((change - B @ A) ** 2, 47)
    assert places[rows, columns].sum() > 0.8 * places.sum()
    first = fresh(rank=2, density=0.015)
    assert len(first.theta) == 47
    found, blind, entries = (
        last(fit(adapter, W, change)).error
        for adapter in (
            replace(first, rows=rows, columns=columns),
            first,
            replace(fresh(rank=0, density=0.015), rows=rows, columns=columns),
        )
    )
    lora = float(np.linalg.norm(change - B @ A) / np.linalg.norm(change))
    assert found < 0.75 * min(blind, lora)
    assert found < 0.75 * entries


def test_with_the_places_of_the_largest_weights_it_is_supra() -> None:
    supra = perturbed(
        SuperTuning.init(W, np.random.default_rng(0), rank=2), np.random.default_rng(4), 1.0
    )
    rosa = RoSA(supra.A, supra.B, supra.theta, supra.rows, supra.columns, supra.s)
    np.testing.assert_array_equal(rosa.delta(W), supra.delta(W))
