"""Consequences of OSF's formula."""

import numpy as np
import pytest

from adapters_np.core import flatten, restore
from adapters_np.linalg import Array, thin_svd
from adapters_np.methods.osf import OSF
from tests.toy import jacobian_rank, stepped, weight


def moved(W: Array, rank: int = 4) -> OSF:
    return stepped(OSF, W, rank=rank)


@pytest.mark.parametrize("d", [(32, 32), (32, 48), (48, 32)])
def test_what_goes_in_or_out_along_a_strong_direction_stays(d: tuple[int, int]) -> None:
    W = weight(*d)
    U, _, Vt = thin_svd(W)
    change = moved(W).delta(W)
    np.testing.assert_allclose(U[:, :28].T @ change, 0, atol=1e-12)
    np.testing.assert_allclose(change @ Vt[:28].T, 0, atol=1e-12)
    assert np.linalg.norm(change) > 0.1


def test_of_a_square_weight_it_reaches_the_block_of_its_weakest_directions_and_no_more() -> None:
    W = weight(12, 12)
    adapter = moved(W, 3)
    numbers = flatten(adapter)
    reached = jacobian_rank(lambda v: restore(adapter, v).delta(W), numbers)
    assert (reached, len(numbers)) == (3 * 3, 3 * (12 + 12 + 1))


def test_a_gradient_step_that_is_projected_is_a_step_of_the_projected_formula() -> None:
    W, rng = weight(10, 10), np.random.default_rng(4)
    fresh = OSF.init(W, rng, rank=3)
    G = rng.normal(size=W.shape)  # the loss is the sum of G ⊙ W'
    direct = (G @ fresh.Vt.T) * fresh.S  # its derivative by U where nothing is projected
    projected = direct - fresh.strong_out @ (fresh.strong_out.T @ direct)
    h = 1e-6
    E = np.eye(fresh.U.size).reshape(-1, *fresh.U.shape)

    def loss(U: Array) -> float:
        moved_U = restore(fresh, np.concatenate([U.ravel(), fresh.S, fresh.Vt.ravel()]))
        return float((G * moved_U.delta(W)).sum())

    slopes = [(loss(fresh.U + h * e) - loss(fresh.U - h * e)) / (2 * h) for e in E]
    np.testing.assert_allclose(np.reshape(slopes, fresh.U.shape), projected, atol=1e-8)
