"""Consequences of MiCA's formula."""

import numpy as np
import pytest

from adapters_np.core import parameters, perturbed
from adapters_np.linalg import thin_svd
from adapters_np.methods.mica import MiCA
from tests.toy import weight

W = weight(48, 64)
U, SIGMA, VT = thin_svd(W)


def moved(rank: int = 4) -> MiCA:
    rng = np.random.default_rng(1)
    return perturbed(MiCA.init(W, rng, rank=rank), rng, 1.0)


def test_it_writes_along_the_weakest_output_directions_and_nowhere_else() -> None:
    core = U.T @ moved().delta(W)
    np.testing.assert_allclose(core[:-4], 0, atol=1e-12)
    assert np.linalg.matrix_rank(core[-4:]) == 4


def test_what_the_weight_says_along_its_strong_directions_stays() -> None:
    after = W + moved().delta(W)
    np.testing.assert_allclose(U[:, :44].T @ after, U[:, :44].T @ W, atol=1e-12)


def test_half_of_lora_s_numbers_on_a_square_weight() -> None:
    assert parameters(MiCA, 64, 64, rank=8) == 8 * 64


def test_nearest_is_what_a_change_has_along_the_directions() -> None:
    change = np.random.default_rng(2).normal(size=W.shape)
    last = U[:, -4:]
    found = moved().nearest(W, change).delta(W)
    np.testing.assert_allclose(found, last @ (last.T @ change), atol=1e-12)
    assert np.linalg.norm(change - found) < np.linalg.norm(change)


def test_rank_beyond_the_smaller_side_is_refused() -> None:
    with pytest.raises(ValueError, match="rank=9 is larger than"):
        MiCA.init(weight(8, 16), np.random.default_rng(0), rank=9)
