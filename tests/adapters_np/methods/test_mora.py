"""Consequences of MoRA's formula."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import flatten, parameters
from adapters_np.methods.lora import LoRA
from adapters_np.methods.miss import MiSS
from adapters_np.methods.mora import MoRA
from tests.toy import stepped, weight


def moved(shape: tuple[int, int] = (48, 64), **knobs: Any) -> MoRA:
    return stepped(MoRA, weight(*shape), **knobs)


@pytest.mark.parametrize("shape", [(48, 64), (64, 64), (64, 40)])
@pytest.mark.parametrize("rank", [1, 2, 4, 8])
def test_the_square_costs_what_a_lora_of_that_rank_costs_and_has_a_higher_rank(
    shape: tuple[int, int], rank: int
) -> None:
    adapter, lora = moved(shape, rank=rank), parameters(LoRA, *shape, rank=rank)
    s = len(adapter.M)
    assert s**2 <= lora < (s + 1) ** 2
    assert flatten(adapter).size == parameters(MoRA, *shape, rank=rank) == s**2
    assert np.linalg.matrix_rank(adapter.delta(weight(*shape))) == s > rank


def test_where_the_square_divides_both_sides_it_is_miss_with_repeated_outputs() -> None:
    adapter = moved((64, 64), rank=8)
    assert adapter.M.shape == (32, 32)
    miss = MiSS.init(weight(64, 64), np.random.default_rng(0), rank=32, output_repeats=2)
    as_miss = replace(miss, D=adapter.M)
    np.testing.assert_array_equal(adapter.delta(weight(64, 64)), as_miss.delta(weight(64, 64)))


def test_a_rotated_square_reaches_every_rank_even_if_it_has_one_direction() -> None:
    W = weight(64, 64)
    adapter = moved((64, 64), rank=2, maps="rotated")
    assert adapter.M.shape == (16, 16)
    assert np.linalg.matrix_rank(adapter.delta(W)) == 64
    one = replace(adapter, M=np.outer(adapter.M[0], adapter.M[1]))
    assert np.linalg.matrix_rank(one.delta(W)) == 4  # one for each piece
    assert np.linalg.matrix_rank(replace(one, maps="shared").delta(W)) == 1


def test_a_piece_of_outputs_reads_its_own_piece_of_inputs_turned() -> None:
    adapter = moved((64, 64), rank=2, maps="rotated")
    D, s = adapter.delta(weight(64, 64)), 16
    blocks = D.reshape(4, s, 4, s).swapaxes(1, 2)
    for i, j in np.ndindex(4, 4):
        if i != j:
            assert not blocks[i, j].any()
    lengths = [np.linalg.svd(blocks[i, i], compute_uv=False) for i in range(4)]
    for found in lengths:  # a rotation of the inputs keeps singular values
        np.testing.assert_allclose(found, np.linalg.svd(adapter.M, compute_uv=False))
    np.testing.assert_allclose(blocks[0, 0], adapter.M)
    turn = np.linalg.solve(adapter.M, blocks[1, 1])
    again = np.linalg.solve(adapter.M, blocks[2, 2])
    np.testing.assert_allclose(turn @ turn, again, atol=1e-8)  # twice the angle
    assert turn[0, 0] == pytest.approx(np.cos(1))  # the fastest pair, one radian a piece


def test_inputs_that_fill_up_the_last_piece_count_twice() -> None:
    adapter = moved((32, 24), rank=2)
    s = len(adapter.M)
    assert (s, 24 % s) == (10, 4)
    D = adapter.delta(weight(32, 24))
    np.testing.assert_allclose(D[:s, 0], adapter.M[:, 0] + adapter.M[:, 4])
    np.testing.assert_allclose(D[:s, 6], adapter.M[:, 6])
