"""Consequences of POET's formula."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import Array
from adapters_np.methods.oft import OFT
from adapters_np.methods.poet import POET
from demos.world import TRAINED, trained
from tests.toy import cosines, singular_values, weight


def moved(d_out: int = 48, d_in: int = 32, step: float = 2.0) -> tuple[POET, Array]:
    W, rng = weight(d_out, d_in), np.random.default_rng(1)
    return perturbed(POET.init(W, rng), rng, step), W


@pytest.mark.parametrize("d", [(48, 32), (32, 32), (32, 48)])
def test_singular_values_stay_and_angles_between_neurons_do_not(d: tuple[int, int]) -> None:
    adapter, W = moved(*d)
    after = W + adapter.delta(W)
    np.testing.assert_allclose(singular_values(after), singular_values(W), atol=1e-12)
    assert np.abs(cosines(after) - cosines(W)).max() > 0.1
    assert np.linalg.matrix_rank(adapter.delta(W)) == min(d)


def test_with_the_outputs_left_alone_it_is_oft() -> None:
    adapter, W = moved()
    one = replace(adapter, Q_out=0 * adapter.Q_out, in_order=np.arange(32))
    oft = OFT(adapter.Q_in, 8, 4, 0.0)
    np.testing.assert_allclose(one.delta(W), oft.delta(W), atol=1e-12)


def test_no_other_order_moves_a_singular_value() -> None:
    adapter, W = moved()
    for shuffled in (True, False):
        fresh = POET.init(W, np.random.default_rng(5), shuffled=shuffled)
        other = replace(fresh, Q_in=adapter.Q_in, Q_out=adapter.Q_out)
        after = singular_values(W + other.delta(W))
        np.testing.assert_allclose(after, singular_values(W), atol=1e-12)


@pytest.mark.parametrize("base", TRAINED.values())
def test_the_old_singular_values_hold_most_of_what_texts_changed(base: str) -> None:
    W, changes = trained(base, 64, 64)
    for task in ("code", "prose"):
        U, _, Vt = np.linalg.svd(W + changes[task])
        left = U * singular_values(W) @ Vt - (W + changes[task])  # of the nearest such weight
        assert np.sum(left**2) < 0.05 * np.sum(changes[task] ** 2)
