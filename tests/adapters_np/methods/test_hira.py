"""Consequences of HiRA's formula."""

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import thin_svd
from adapters_np.methods.hira import HiRA
from adapters_np.methods.ia3 import IA3
from adapters_np.methods.lora import LoRA
from tests.toy import weight


def moved(rank: int = 4) -> HiRA:
    rng = np.random.default_rng(1)
    return perturbed(HiRA.init(weight(48, 64), rng, rank=rank), rng, 1.0)


@pytest.mark.parametrize("of_W", [1, 2, 3])
def test_rank_is_at_most_the_product_of_both(of_W: int) -> None:
    U, sigma, Vt = thin_svd(weight(48, 64))
    thin = U[:, :of_W] * sigma[:of_W] @ Vt[:of_W]
    assert np.linalg.matrix_rank(moved(4).delta(thin)) == 4 * of_W


@pytest.mark.parametrize("feedforward", [False, True])
def test_gains_of_ia3_are_the_case_of_one_constant_factor(feedforward: bool) -> None:
    W, rng = weight(48, 64), np.random.default_rng(2)
    gains = perturbed(IA3.init(W, rng, feedforward=feedforward), rng, 1.0)
    change = gains.l - 1
    pair = (
        (change[None, :], np.ones((48, 1))) if feedforward else (np.ones((1, 64)), change[:, None])
    )
    np.testing.assert_allclose(HiRA(*pair).delta(W), gains.delta(W), atol=1e-12)


def test_on_a_weight_of_ones_it_is_lora() -> None:
    adapter, ones = moved(), np.ones((48, 64))
    np.testing.assert_allclose(adapter.delta(ones), LoRA(adapter.A, adapter.B, 1.0).delta(ones))
