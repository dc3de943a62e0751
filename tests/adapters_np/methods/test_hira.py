"""Consequences of HiRA's formula."""

from functools import partial

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import thin_svd
from adapters_np.methods.hira import HiRA
from adapters_np.methods.ia3 import IA3
from tests.toy import stepped, weight

moved = partial(stepped, HiRA, weight(48, 64), rank=4)


@pytest.mark.parametrize("of_W", [1, 2, 3])
def test_rank_is_at_most_the_product_of_both(of_W: int) -> None:
    U, sigma, Vt = thin_svd(weight(48, 64))
    thin = U[:, :of_W] * sigma[:of_W] @ Vt[:of_W]
    assert np.linalg.matrix_rank(moved(rank=4).delta(thin)) == 4 * of_W


@pytest.mark.parametrize("feedforward", [False, True])
def test_gains_of_ia3_are_the_case_of_one_constant_factor(feedforward: bool) -> None:
    W, rng = weight(48, 64), np.random.default_rng(2)
    gains = perturbed(IA3.init(W, rng, feedforward=feedforward), rng, 1.0)
    change = gains.l - 1
    pair = (
        (change[None, :], np.ones((48, 1))) if feedforward else (np.ones((1, 64)), change[:, None])
    )
    np.testing.assert_allclose(HiRA(*pair).delta(W), gains.delta(W), atol=1e-12)
