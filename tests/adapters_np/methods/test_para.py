"""Consequences of PaRa's formula."""

from functools import partial

import numpy as np
import pytest

from adapters_np.methods.deft import DEFT
from adapters_np.methods.para import PaRa
from tests.toy import singular_values, stepped, weight

W = weight(48, 64)
moved = partial(stepped, PaRa, W, rank=4)


@pytest.mark.parametrize("rank", [1, 4, 16])
def test_the_weight_loses_as_many_directions(rank: int) -> None:
    after = W + moved(rank=rank).delta(W)
    assert np.linalg.matrix_rank(after) == 48 - rank
    assert (singular_values(after) <= singular_values(W) + 1e-12).all()


def test_it_is_deft_with_nothing_written() -> None:
    adapter = moved()
    deft = DEFT(adapter.P, np.zeros((4, 64)), 1.0, "qr")
    np.testing.assert_allclose(adapter.delta(W), deft.delta(W), atol=1e-12)
