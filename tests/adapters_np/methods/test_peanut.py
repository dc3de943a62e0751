"""Consequences of PEANuT's formula."""

from functools import partial

import numpy as np
import pytest

from adapters_np.methods.peanut import PEANuT
from tests.toy import stepped, weight

W = weight(48, 64)
moved = partial(stepped, PEANuT, W, rank=4, depth=0)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_the_rank_is_that_of_the_features_however_deep_the_network(depth: int) -> None:
    assert np.linalg.matrix_rank(moved(depth=depth).delta(W)) <= 4


@pytest.mark.parametrize("depth", [0, 2])
def test_a_column_changes_by_what_stands_in_it_and_in_no_other(depth: int) -> None:
    adapter, other = moved(depth=depth), W.copy()
    other[:, 5] *= -2
    same = np.arange(64) != 5
    np.testing.assert_allclose(adapter.delta(other)[:, same], adapter.delta(W)[:, same], atol=1e-12)
    assert not np.allclose(adapter.delta(other)[:, 5], adapter.delta(W)[:, 5])
