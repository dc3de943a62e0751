"""Claims of the paper on multi-head routing."""

from dataclasses import replace

import numpy as np

from adapters_np.core import perturbed
from adapters_np.methods.mhr import MHR
from tests.toy import weight

W = weight(48, 40)


def routed(splits: int = 4) -> MHR:
    rng = np.random.default_rng(2)
    return perturbed(MHR.init(W, rng, splits=splits, skills=3, rank=2), rng, 1.0)  # type: ignore[arg-type]


def test_every_slice_has_its_own_weights() -> None:
    adapter = routed()
    np.testing.assert_allclose(adapter.weights().sum(axis=1), 1, atol=1e-14)
    Z = adapter.Z.copy()
    Z[0, 1] += np.array([3.0, 0.0, -3.0])
    gap = np.abs(replace(adapter, Z=Z).delta(W) - adapter.delta(W)) > 1e-12
    assert gap[12:24].all()  # the outputs of slice 1
    assert gap[:, 10:20].all()  # its inputs
    assert not gap[:12, :10].any()  # not what joins two other slices
    assert np.linalg.matrix_rank(adapter.delta(W), tol=1e-9) == 2
