"""Consequences of GraLoRA's formula."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from adapters_np.core import parameters
from adapters_np.methods.gralora import GraLoRA
from adapters_np.methods.lora import LoRA
from tests.toy import stepped, weight

W = weight(48, 64)
moved = partial(stepped, GraLoRA, W)


def rank_of(D: np.ndarray[Any, Any]) -> int:
    return int(np.linalg.matrix_rank(D))


@pytest.mark.parametrize("blocks", [2, 4, 8])
def test_blocks_cost_nothing_and_multiply_the_rank(blocks: int) -> None:
    assert parameters(GraLoRA, 48, 64, rank=8, blocks=blocks) == parameters(LoRA, 48, 64, rank=8)
    D = moved(rank=8, blocks=blocks).delta(W)
    assert rank_of(D) == min(8 * blocks, 48)
    tiles = D.reshape(blocks, 48 // blocks, blocks, 64 // blocks).swapaxes(1, 2)
    assert {rank_of(tile) for row in tiles for tile in row} == {min(8 // blocks, 48 // blocks)}


def test_an_input_that_is_large_reaches_an_output_only_through_its_own_block() -> None:
    """One bottleneck mixes all inputs; here those of other blocks keep their gradients."""
    adapter, X = moved(blocks=4), np.random.default_rng(2).normal(size=(64, 5))
    loud = X.copy()
    loud[0] *= 100
    (_, A), k = adapter.factors(), 4
    hidden = [np.einsum("njqi,nit->njqt", A, x.reshape(k, 16, 5)) for x in (X, loud)]
    apart = np.abs(hidden[1] - hidden[0]).max(axis=(1, 2, 3))
    assert apart[0] > 1
    assert not apart[1:].any()
