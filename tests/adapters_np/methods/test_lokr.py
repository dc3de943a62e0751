"""Claims of the papers on LoKr."""

from typing import Any

import numpy as np
import pytest

from adapters_np.linalg import Array
from adapters_np.methods.lokr import LoKr
from tests.toy import stepped, weight

SHAPE = (48, 64)
KINDS: list[dict[str, Any]] = [
    {"factor": 4, "rank": 3},
    {"factor": 4, "full": True},
    {"factor": 4, "rank": 2, "decompose_both": True},
    {"factor": 4, "rank": 2, "full": True, "decompose_both": True},
    {"factor": 1, "rank": 5},
]
every_kind = pytest.mark.parametrize("chosen", KINDS, ids=str)


def moved(chosen: dict[str, Any], shape: tuple[int, int] = SHAPE) -> LoKr:
    return stepped(LoKr, weight(*shape), **chosen)


def rank(matrix: Array) -> int:
    return int(np.linalg.matrix_rank(matrix))


@every_kind
def test_blocks_are_one_pattern_with_their_own_gains(chosen: dict[str, Any]) -> None:
    adapter = moved(chosen)
    rows, columns = adapter.tile()
    delta = adapter.delta(weight(*SHAPE))
    for i, j in np.ndindex(adapter.left().shape):
        block = delta[i * rows : (i + 1) * rows, j * columns : (j + 1) * columns]
        gain = adapter.s * adapter.left()[i, j]
        np.testing.assert_allclose(block, gain * adapter.right(), atol=1e-12)


def test_two_full_blocks_have_scale_one_whatever_alpha_is() -> None:
    W, rng = weight(64, 64), np.random.default_rng(0)
    assert LoKr.init(W, rng, alpha=3.0, full=True).s == 1
    assert LoKr.init(W, rng, alpha=3.0, full=True, decompose_both=True).s == 1.5
    assert LoKr.init(W, rng, alpha=3.0).s == 1.5
