"""Consequences of MiCA's formula."""

import numpy as np

from adapters_np.core import perturbed
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
