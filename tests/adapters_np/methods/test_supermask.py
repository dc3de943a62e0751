"""Consequences of a supermask's formula."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from adapters_np.budget import explained
from adapters_np.control import without
from adapters_np.core import perturbed
from adapters_np.fit import fit, last
from adapters_np.linalg import Array
from adapters_np.methods.supermask import Supermask
from demos.ways import train
from demos.world import TRAINED, trained
from tests.toy import weight

W = weight(16, 24)


def fresh(W: Array = W, **knobs: Any) -> Supermask:
    return Supermask.init(W, np.random.default_rng(0), **knobs)


def moved(**knobs: Any) -> Supermask:
    return perturbed(fresh(**knobs), np.random.default_rng(1), 1.0)


@pytest.mark.parametrize(("signs", "values"), [(False, {0, 1}), (True, {-1, 0, 1})])
def test_a_weight_stays_or_goes_or_turns_its_sign_and_gets_no_other_value(
    signs: bool, values: set[int]
) -> None:
    after = W + moved(signs=signs).delta(W)
    assert set((after / W).round(9).ravel()) == values


def test_the_threshold_and_the_start_are_those_of_the_code_but_for_their_unit() -> None:
    """Its scores start at 0.01, and one of 0.005 is already off; below 0 a sign turns."""
    scores = np.array([[0.01, 0.0051, 0.005, 0.0, -1e-9]]) / 0.01
    masks = [Supermask(scores, signs, False).mask().tolist() for signs in (False, True)]
    assert masks == [[[1, 1, 0, 0, 0]], [[1, 1, 0, 0, -1]]]
    assert (fresh().scores == scores[0, 0]).all()


@pytest.mark.parametrize("signs", [False, True])
def test_no_other_mask_is_nearer_than_the_nearest(signs: bool) -> None:
    small = weight(2, 3)
    wanted = np.random.default_rng(3).normal(size=small.shape) * np.abs(small).mean()
    every = product((1.0, 0.0, -1.0) if signs else (1.0, 0.0), repeat=small.size)
    best = min(
        np.linalg.norm((np.reshape(mask, small.shape) - 1) * small - wanted) for mask in every
    )
    found = fresh(small, signs=signs).nearest(small, wanted).delta(small)
    assert np.linalg.norm(found - wanted) == pytest.approx(best)


def test_it_takes_a_weight_away_where_half_of_it_or_more_is_to_go() -> None:
    shares = np.linspace(-1, 2, 13).reshape(1, -1)
    ones = np.ones_like(shares)
    off = fresh(ones).nearest(ones, -shares).mask() == 0
    assert (off == (shares > 0.5)).all()


@pytest.mark.parametrize("size", [0.03, 0.1])
def test_it_explains_less_of_a_smaller_change(size: float) -> None:
    rng, big = np.random.default_rng(5), np.random.default_rng(6).normal(size=(256, 256))
    noise = size * rng.normal(size=big.shape)
    share = explained(last(fit(fresh(big), big, noise)).error)
    assert share == pytest.approx(8 / (3 * np.pi) * size, rel=0.1)


def test_the_mask_of_another_weight_explains_as_much_of_what_fine_tuning_did() -> None:
    def share(adapter: Supermask, target: Array) -> float:
        return explained(last(fit(adapter, real, target)).error)

    shares = []
    for base, task in product(TRAINED.values(), ("code", "prose", "memory")):
        real, changes = trained(base, 64, 64)
        rng = np.random.default_rng(0)
        other: Any = without("supermask", "entries shuffled", fresh(real), real, rng)
        shares.append([share(a, changes[task]) for a in (fresh(real), other)])
    mine, others = np.transpose(shares)
    assert 0.09 < mine.min() < mine.max() < 0.32
    assert abs(mine.mean() - others.mean()) < 0.01
    assert np.abs(mine - others).max() < 0.06


def test_training_goes_through_the_steps_and_finds_a_mask_that_is_there() -> None:
    wanted = moved().delta(W)
    end = last(train(fresh(), W, wanted, None, 100, 0.03))
    assert end.error < 1e-9
    assert last(train(fresh(), W, wanted, None, 10, 0.03)).error == 1  # no score is low enough yet


def test_a_bit_is_stored_of_each_weight() -> None:
    assert moved().stored() == W.size / 32
    assert W.size / 32 < moved(signs=True).stored() < 2 * W.size / 32
