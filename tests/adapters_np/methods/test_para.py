"""Consequences of PaRa's formula."""

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.methods.deft import DEFT
from adapters_np.methods.para import PaRa
from tests.toy import singular_values, weight

W = weight(48, 64)


def moved(rank: int = 4) -> PaRa:
    rng = np.random.default_rng(1)
    return perturbed(PaRa.init(W, rng, rank=rank), rng, 1.0)


@pytest.mark.parametrize("rank", [1, 4, 16])
def test_the_weight_loses_as_many_directions(rank: int) -> None:
    after = W + moved(rank).delta(W)
    assert np.linalg.matrix_rank(after) == 48 - rank
    assert (singular_values(after) <= singular_values(W) + 1e-12).all()


def test_it_is_deft_with_nothing_written() -> None:
    adapter = moved()
    deft = DEFT(adapter.P, np.zeros((4, 64)), 1.0, "qr")
    np.testing.assert_allclose(adapter.delta(W), deft.delta(W), atol=1e-12)
