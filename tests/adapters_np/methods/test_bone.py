"""Bone as it was, and that MiSS contains it."""

from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import block_diagonal
from adapters_np.methods.bone import Bone
from adapters_np.methods.miss import MiSS
from tests.toy import weight


def moved(form: Any = "column", block_size: Any = 8) -> Bone:
    rng = np.random.default_rng(1)
    return perturbed(Bone.init(weight(48, 64), rng, block_size=block_size, form=form), rng, 1.0)


def tile(W: Any, a: int, b: int, r: int = 8) -> Any:
    return W[r * a : r * a + r, r * b : r * b + r]


def test_column_form_shares_a_matrix_along_an_output_band() -> None:
    W, adapter = weight(48, 64), moved("column")
    delta = adapter.delta(W)
    for a, b in np.ndindex(6, 8):
        expected = (tile(W, a, b) + np.eye(8)) @ adapter.B[a]
        np.testing.assert_allclose(tile(delta, a, b), expected, atol=1e-12)


def test_row_form_is_a_product_from_the_right() -> None:
    W, adapter = weight(48, 64), moved("row")
    identities = np.tile(np.eye(8), (6, 8))
    expected = (W + identities) @ block_diagonal(adapter.B)
    np.testing.assert_allclose(adapter.delta(W), expected, atol=1e-12)


@pytest.mark.parametrize("block_size", [2, 4, 16])
def test_column_form_is_the_bat_of_miss(block_size: int) -> None:
    W, adapter = weight(48, 64), moved("column", block_size)
    miss = MiSS(adapter.B.reshape(48, block_size), bat=True)
    np.testing.assert_allclose(adapter.delta(W), miss.delta(W), atol=1e-12)


@pytest.mark.parametrize("block_size", [2, 4, 16])
def test_additive_form_is_the_standard_miss(block_size: int) -> None:
    W, adapter = weight(48, 64), moved("additive", block_size)
    miss = MiSS(adapter.B.reshape(48, block_size), bat=False)
    np.testing.assert_allclose(adapter.delta(W), miss.delta(W), atol=1e-12)
