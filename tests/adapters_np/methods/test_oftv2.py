"""Claims of OFTv2's paper, and what follows from its series."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from adapters_np.core import parameters
from adapters_np.linalg import Array, cayley, cayley_neumann, skew
from adapters_np.methods.oftv2 import OFTv2
from tests.toy import stepped, weight

D_OUT, D_IN = 24, 32
every_length = pytest.mark.parametrize("terms", [1, 2, 3, 4, 5, 8])
moved = partial(stepped, OFTv2, weight(D_OUT, D_IN), step=0.5, block_size=8, terms=4)


def generator(adapter: OFTv2) -> Array:
    """Return the skew-symmetric blocks, (n_blocks, b, b)."""
    return skew(adapter.Q, adapter.block_size)


@every_length
def test_series_is_the_exact_rotation_times_what_the_last_power_leaves(terms: int) -> None:
    Q = generator(moved())
    left = np.eye(8) - np.linalg.matrix_power(Q, terms)
    np.testing.assert_allclose(cayley_neumann(Q, terms), cayley(Q) @ left, atol=1e-13)


@pytest.mark.parametrize(
    ("terms", "law"),
    [
        (2, lambda q: 2 * q**2 + q**4),
        (3, lambda q: q**6),
        (4, lambda q: 2 * q**4 - q**8),
        (5, lambda q: q**10),
    ],
)
def test_odd_lengths_are_far_more_orthogonal_than_even_ones(
    terms: int, law: Callable[[float], float]
) -> None:
    adapter = moved(terms=terms)
    q = np.linalg.norm(generator(adapter), 2, axis=(1, 2)).max()
    R = adapter.rotation()
    np.testing.assert_allclose(np.linalg.norm(R.T @ R - np.eye(D_IN), 2), law(q), rtol=1e-7)


def test_paper_counts_17_65_million_parameters_for_llama_2_7b() -> None:
    block = 6 * parameters(OFTv2, 4096, 4096, block_size=32)  # their inputs are 4096 wide
    block += parameters(OFTv2, 4096, 11008, block_size=32)
    assert 32 * block == 17_649_664
