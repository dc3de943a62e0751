"""Consequences of TinyLoRA's formula."""

import numpy as np

from adapters_np.methods.tinylora import TinyLoRA
from tests.toy import weight


def test_enough_random_matrices_span_every_mixing_and_fewer_do_not() -> None:
    for u, spanned in ((9, 9), (5, 5), (40, 9)):
        fresh = TinyLoRA.init(weight(48, 64), np.random.default_rng(0), rank=3, u=u)
        assert np.linalg.matrix_rank(fresh.P.reshape(u, 9)) == spanned
