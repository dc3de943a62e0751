"""Claims of PSOFT's paper."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import Array, thin_svd
from adapters_np.methods.psoft import PSOFT
from adapters_np.methods.ssvd import SSVD
from tests.toy import stepped, weight

TALL, WIDE = weight(64, 48), weight(48, 64)
both_shapes = pytest.mark.parametrize("W", [TALL, WIDE], ids=["tall", "wide"])


def moved(W: Array, rank: int = 12, **knobs: Any) -> PSOFT:
    return stepped(PSOFT, W, rank=rank, **knobs)


def gram_error(W: Array, after: Array) -> float:
    return float(np.linalg.norm(after @ after.T - W @ W.T) / np.linalg.norm(W @ W.T))


@both_shapes
@pytest.mark.parametrize("relaxed", [True, False])
def test_change_stays_within_the_leading_subspaces(W: Array, relaxed: bool) -> None:
    delta = moved(W, relaxed=relaxed).delta(W)
    U, _, Vt = thin_svd(W)
    assert np.linalg.matrix_rank(delta) == 12
    np.testing.assert_allclose(U[:, :12] @ (U[:, :12].T @ delta), delta, atol=1e-12)
    np.testing.assert_allclose(delta @ Vt[:12].T @ Vt[:12], delta, atol=1e-12)


def test_gains_relax_the_geometry_continuously() -> None:
    adapter = moved(TALL)

    def error(scale: float) -> float:
        alpha, beta = (1 + scale * (gain - 1) for gain in (adapter.alpha, adapter.beta))
        return gram_error(TALL, TALL + replace(adapter, alpha=alpha, beta=beta).delta(TALL))

    assert error(0.0) < 1e-12
    np.testing.assert_allclose(error(1e-3) / error(1e-4), 10, rtol=0.05)
    assert error(1.0) > 0.05


@both_shapes
def test_ssvd_is_the_case_with_a_gain_on_the_output_side_only(W: Array) -> None:
    rng = np.random.default_rng(4)
    ssvd = perturbed(SSVD.init(W, rng, rank=12, constraint="strict"), rng, 1.0)
    psoft = replace(PSOFT.init(W, rng, rank=12), Q=-ssvd.K, beta=1 + ssvd.d_sigma / ssvd.sigma)
    np.testing.assert_allclose(psoft.delta(W), ssvd.delta(W), atol=1e-12)
