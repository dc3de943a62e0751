"""Consequences of the formulas of a random subspace and of full fine-tuning."""

import numpy as np
import pytest

from adapters_np.budget import chance, explained
from adapters_np.core import restore
from adapters_np.fit import fit, last
from adapters_np.linalg import Array
from adapters_np.methods.full_finetuning import FullFineTuning
from adapters_np.methods.random_subspace import RandomSubspace
from tests.toy import weight

W = weight(16, 16)


def share(change: Array, seed: int, directions: int = 64) -> float:
    fresh = RandomSubspace.init(W, np.random.default_rng(seed), directions=directions)
    return explained(last(fit(fresh, W, change)).error)


@pytest.mark.parametrize("kind", ["rank one", "one entry", "noise"])
def test_whatever_the_change_is_it_explains_as_much_on_average(kind: str) -> None:
    rng = np.random.default_rng(4)
    change = {
        "rank one": np.outer(rng.normal(size=16), rng.normal(size=16)),
        "one entry": np.eye(1, 256, 37).reshape(16, 16),
        "noise": rng.normal(size=(16, 16)),
    }[kind]
    shares = [share(change, seed) for seed in range(24)]
    assert np.mean(shares) == pytest.approx(chance(64, 256), abs=0.03)


def test_a_change_has_full_rank_and_lies_in_the_subspace() -> None:
    fresh = RandomSubspace.init(W, np.random.default_rng(0), directions=8)
    one = restore(fresh, np.eye(8)[3])
    np.testing.assert_allclose(one.delta(W), fresh.P[3], atol=1e-15)
    assert np.linalg.matrix_rank(one.delta(W)) == 16


def test_as_many_directions_as_entries_are_full_fine_tuning() -> None:
    fresh = RandomSubspace.init(W, np.random.default_rng(0), directions=256)
    change = np.random.default_rng(1).normal(size=W.shape)
    assert last(fit(fresh, W, change)).error < 1e-6
    full = last(fit(FullFineTuning.init(W, np.random.default_rng(0)), W, change)).adapter
    np.testing.assert_array_equal(full.forward(W, np.eye(16)), W + change)
