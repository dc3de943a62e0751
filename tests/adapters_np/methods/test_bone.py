"""Bone as it was, and that MiSS contains it."""

from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import block_diagonal
from adapters_np.methods.bone import Bone
from adapters_np.methods.miss import MiSS
from tests.toy import singular_values, weight


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


def test_additive_form_repeats_its_columns_and_has_rank_r() -> None:
    adapter = moved("additive")
    delta = adapter.delta(weight(48, 64))
    np.testing.assert_allclose(delta[:, 8:], delta[:, :-8])
    sigma = singular_values(delta)
    np.testing.assert_allclose(sigma[:8], np.sqrt(8) * singular_values(adapter.B.reshape(48, 8)))
    assert (sigma[8:] < 1e-12).all()


@pytest.mark.parametrize("form", ["column", "row"])
def test_affine_forms_reach_full_rank_and_depend_on_the_weight(form: str) -> None:
    adapter = moved(form)
    assert np.linalg.matrix_rank(adapter.delta(weight(48, 64))) == 48
    assert np.abs(adapter.delta(weight(48, 64)) - adapter.delta(weight(48, 64, seed=1))).max() > 0.1


def test_additive_form_ignores_the_weight() -> None:
    adapter = moved("additive")
    np.testing.assert_array_equal(
        adapter.delta(weight(48, 64)), adapter.delta(weight(48, 64, seed=1))
    )


@pytest.mark.parametrize("form", ["column", "row"])
def test_tiles_equal_to_minus_the_identity_do_not_move(form: str) -> None:
    W = -np.tile(np.eye(8), (6, 8))
    np.testing.assert_allclose(moved(form).delta(W), 0, atol=1e-12)


def test_merging_can_be_undone_tile_by_tile() -> None:
    W, adapter = weight(48, 64), moved("column")
    merged = W + adapter.delta(W)
    for a, b in np.ndindex(6, 8):
        B = adapter.B[a]
        back = (tile(merged, a, b) - B) @ np.linalg.inv(np.eye(8) + B)
        np.testing.assert_allclose(back, tile(W, a, b), atol=1e-10)
