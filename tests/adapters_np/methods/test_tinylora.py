"""Consequences of TinyLoRA's formula."""

from functools import partial

import numpy as np
import pytest

from adapters_np.linalg import thin_svd
from adapters_np.methods.tinylora import TinyLoRA
from tests.toy import stepped, weight

W = weight(48, 64)
moved = partial(stepped, TinyLoRA, W)


def test_change_lies_between_the_leading_singular_directions() -> None:
    D = moved(rank=3).delta(W)
    U, _, Vt = thin_svd(W)
    inside = U.T @ D @ Vt.T
    assert np.linalg.norm(inside[:3, :3]) == pytest.approx(np.linalg.norm(D))
    assert np.linalg.matrix_rank(D) == 3


def test_enough_random_matrices_span_every_mixing_and_fewer_do_not() -> None:
    for u, spanned in ((9, 9), (5, 5), (40, 9)):
        fresh = TinyLoRA.init(W, np.random.default_rng(0), rank=3, u=u)
        assert np.linalg.matrix_rank(fresh.P.reshape(u, 9)) == spanned
