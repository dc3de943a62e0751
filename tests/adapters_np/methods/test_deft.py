"""Consequences of DEFT's formula."""

from functools import partial

import numpy as np
import pytest

from adapters_np.methods.deft import DEFT, directions
from tests.toy import stepped, weight

W = weight(48, 64)
moved = partial(stepped, DEFT, W)


def test_what_was_along_the_directions_is_gone_and_the_new_rows_stand_there() -> None:
    adapter = moved()
    Q = directions(adapter.P, "qr")[0]
    after = W + adapter.delta(W)
    np.testing.assert_allclose(Q.T @ after, adapter.R, atol=1e-12)
    other = adapter.delta(weight(48, 64, 5)) + weight(48, 64, 5)
    np.testing.assert_allclose(Q.T @ other, adapter.R, atol=1e-12)


def test_outputs_across_the_directions_stay() -> None:
    adapter = moved()
    Q = directions(adapter.P, "qr")[0]
    across = np.eye(48) - Q @ Q.T
    np.testing.assert_allclose(across @ (W + adapter.delta(W)), across @ W, atol=1e-12)


@pytest.mark.parametrize("basis", ["qr", "relu"])
@pytest.mark.parametrize("rank", [1, 4])
def test_it_reaches_what_lora_reaches(rank: int, basis: str) -> None:
    rng = np.random.default_rng(2)
    wanted = rng.normal(size=(48, rank)) @ rng.normal(size=(rank, 64))
    found = moved(rank=rank, basis=basis).nearest(W, wanted)
    np.testing.assert_allclose(found.delta(W), wanted, atol=1e-10)
    assert np.linalg.matrix_rank(moved(rank=rank, basis=basis).delta(W)) == rank
