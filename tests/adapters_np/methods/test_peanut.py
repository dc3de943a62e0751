"""Consequences of PEANuT's formula."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.methods.peanut import PEANuT
from tests.toy import weight

W = weight(48, 64)


def moved(depth: int = 0) -> PEANuT:
    rng = np.random.default_rng(1)
    return perturbed(PEANuT.init(W, rng, rank=4, depth=depth), rng, 1.0)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_the_rank_is_that_of_the_features_however_deep_the_network(depth: int) -> None:
    assert np.linalg.matrix_rank(moved(depth).delta(W)) <= 4


@pytest.mark.parametrize("depth", [0, 2])
def test_a_column_changes_by_what_stands_in_it_and_in_no_other(depth: int) -> None:
    adapter, other = moved(depth), W.copy()
    other[:, 5] *= -2
    same = np.arange(64) != 5
    np.testing.assert_allclose(adapter.delta(other)[:, same], adapter.delta(W)[:, same], atol=1e-12)
    assert not np.allclose(adapter.delta(other)[:, 5], adapter.delta(W)[:, 5])


def test_a_network_without_rectifiers_would_multiply_the_weight_from_the_left() -> None:
    adapter = moved()
    positive = replace(adapter, A=np.abs(adapter.A))
    size = np.abs(W)
    np.testing.assert_allclose(
        positive.delta(size), positive.s * positive.B @ positive.A @ size, atol=1e-12
    )


@pytest.mark.parametrize("depth", [0, 2])
def test_another_activation_takes_the_rectifier_s_place_in_every_layer(depth: int) -> None:
    adapter = moved(depth)
    same = replace(adapter, rho=lambda h: np.maximum(h, 0))
    np.testing.assert_array_equal(same.delta(W), adapter.delta(W))
    odd = replace(adapter, rho=np.tanh)  # an odd one makes an odd function of the weight
    np.testing.assert_allclose(odd.delta(-W), -odd.delta(W), atol=1e-12)
    assert not np.allclose(odd.delta(W), adapter.delta(W))
