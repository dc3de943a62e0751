"""Consequences of GraLoRA's formula."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import parameters, perturbed
from adapters_np.methods.gralora import GraLoRA
from adapters_np.methods.lora import LoRA
from tests.toy import weight

W = weight(48, 64)


def moved(**knobs: Any) -> GraLoRA:
    rng = np.random.default_rng(1)
    return perturbed(GraLoRA.init(W, rng, **knobs), rng, 1.0)


def rank_of(D: np.ndarray[Any, Any]) -> int:
    return int(np.linalg.matrix_rank(D))


@pytest.mark.parametrize("blocks", [2, 4, 8])
def test_blocks_cost_nothing_and_multiply_the_rank(blocks: int) -> None:
    assert parameters(GraLoRA, 48, 64, rank=8, blocks=blocks) == parameters(LoRA, 48, 64, rank=8)
    D = moved(rank=8, blocks=blocks).delta(W)
    assert rank_of(D) == min(8 * blocks, 48)
    tiles = D.reshape(blocks, 48 // blocks, blocks, 64 // blocks).swapaxes(1, 2)
    assert {rank_of(tile) for row in tiles for tile in row} == {min(8 // blocks, 48 // blocks)}


def test_one_block_is_lora() -> None:
    adapter = moved(blocks=1)
    as_lora = LoRA(adapter.A[0], adapter.B[0], adapter.s)
    np.testing.assert_allclose(adapter.delta(W), as_lora.delta(W), atol=1e-12)


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


def test_shared_part_adds_a_lora_over_all_blocks() -> None:
    adapter = moved(rank=8, shared=3)
    alone = replace(adapter, A0=0 * adapter.A0)
    rest = adapter.delta(W) - alone.delta(W)
    np.testing.assert_allclose(rest, adapter.s * adapter.B0 @ adapter.A0, atol=1e-12)
    assert adapter.s == 16 / 11
