"""Claims of C3A's paper."""

import numpy as np
import pytest

from adapters_np.linalg import Array
from adapters_np.methods.c3a import C3A
from demos.gauges import GAUGES
from demos.probe import measure


def single(kernel: Array) -> Array:
    """Return the change of a square layer that is one tile."""
    return C3A(kernel[None, None]).delta(np.zeros((len(kernel), len(kernel))))


def wave(frequency: int, b: int = 64) -> Array:
    return np.cos(2 * np.pi * frequency * np.arange(b) / b)


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (np.ones(64), 1),
        ((-1.0) ** np.arange(64), 1),
        (wave(5), 2),
        (np.tile(np.random.default_rng(3).normal(size=8), 8), 8),
        (np.random.default_rng(3).normal(size=64), 64),
    ],
    ids=["constant", "alternating", "cosine", "period 8", "random"],
)
def test_rank_of_one_tile_is_the_number_of_its_frequencies(kernel: Array, expected: int) -> None:
    assert np.linalg.matrix_rank(single(kernel)) == expected


@pytest.mark.parametrize(("block_size", "expected"), [(16, 16), (32, 4), (8, 8), (1, 1)])
def test_tiles_span_at_most_b_dimensions(block_size: int, expected: int) -> None:
    assert GAUGES["tile_rank"](measure("c3a", {"block_size": block_size}))["value"] == expected
