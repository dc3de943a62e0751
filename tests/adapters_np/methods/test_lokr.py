"""Claims of the papers on LoKr."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import parameters, perturbed
from adapters_np.linalg import Array
from adapters_np.methods.lokr import LoKr
from adapters_np.methods.lora import LoRA
from demos.probe import GAUGES, measure
from tests.toy import singular_values, weight

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
    rng = np.random.default_rng(1)
    return perturbed(LoKr.init(weight(*shape), rng, **chosen), rng, 1.0)


def rearranged(adapter: LoKr, shape: tuple[int, int] = SHAPE) -> Array:
    """Return the change with a flattened block in each row."""
    rows, columns = adapter.tile()
    tiles = adapter.delta(weight(*shape)).reshape(shape[0] // rows, rows, -1, columns)
    return tiles.swapaxes(1, 2).reshape(-1, rows * columns)


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


@every_kind
def test_rearranged_change_has_rank_one(chosen: dict[str, Any]) -> None:
    assert rank(rearranged(moved(chosen))) == 1


@every_kind
def test_rank_is_the_product_of_the_ranks(chosen: dict[str, Any]) -> None:
    adapter = moved(chosen)
    left, right = rank(adapter.left()), rank(adapter.right())
    assert rank(adapter.delta(weight(*SHAPE))) == left * right
    assert right == (min(adapter.tile()) if chosen.get("full") else chosen["rank"])
    assert left == (chosen["rank"] if chosen.get("decompose_both") else chosen["factor"])


@every_kind
def test_singular_values_are_all_products(chosen: dict[str, Any]) -> None:
    adapter = moved(chosen)
    products = np.outer(singular_values(adapter.left()), singular_values(adapter.right()))
    expected = adapter.s * np.sort(products.ravel())[::-1]
    found = singular_values(adapter.delta(weight(*SHAPE)))
    np.testing.assert_allclose(found[: len(expected)], expected, atol=1e-11)
    np.testing.assert_allclose(found[len(expected) :], 0, atol=1e-11)


@every_kind
def test_norm_is_the_product_of_the_norms(chosen: dict[str, Any]) -> None:
    adapter = moved(chosen)
    expected = adapter.s * np.linalg.norm(adapter.left()) * np.linalg.norm(adapter.right())
    np.testing.assert_allclose(np.linalg.norm(adapter.delta(weight(*SHAPE))), expected)


@every_kind
def test_scale_can_move_between_the_blocks(chosen: dict[str, Any]) -> None:
    adapter, W = moved(chosen), weight(*SHAPE)
    other = replace(adapter, C=3 * adapter.C, B=adapter.B / 3)
    np.testing.assert_allclose(other.delta(W), adapter.delta(W), atol=1e-12)


def test_full_rank_costs_as_much_as_lora_with_one_direction() -> None:
    chosen = {"factor": 8, "full": True}
    assert parameters(LoKr, 64, 64, **chosen) == parameters(LoRA, 64, 64, rank=1) == 128
    assert rank(moved(chosen, (64, 64)).delta(weight(64, 64))) == 64


@pytest.mark.parametrize(
    ("full", "both", "expected"),
    [
        (False, False, 16 + 3 * (12 + 16)),
        (True, False, 16 + 12 * 16),
        (False, True, 3 * (4 + 4 + 12 + 16)),
        (True, True, 3 * (4 + 4) + 12 * 16),
    ],
)
def test_parameters_are_those_of_the_two_blocks(full: bool, both: bool, expected: int) -> None:
    assert parameters(LoKr, 48, 64, factor=4, rank=3, full=full, decompose_both=both) == expected


def test_factor_one_is_lora_with_one_gain() -> None:
    adapter, W = moved({"factor": 1, "rank": 5}), weight(*SHAPE)
    expected = LoRA(adapter.A, adapter.B, adapter.s * float(adapter.C[0, 0])).delta(W)
    np.testing.assert_allclose(adapter.delta(W), expected, atol=1e-12)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("both", [False, True])
def test_at_the_start_only_the_zero_factor_has_a_gradient(full: bool, both: bool) -> None:
    W, nudge = weight(*SHAPE), np.random.default_rng(1)
    fresh = LoKr.init(W, np.random.default_rng(0), full=full, decompose_both=both)
    for name in ("C", "C_A", "B", "A"):
        array = getattr(fresh, name)
        other = replace(fresh, **{name: array + nudge.normal(size=array.shape)})
        assert other.delta(W).any() == (name == ("B" if full else "A"))


def test_best_fit_is_the_leading_singular_pair_of_the_rearranged_target() -> None:
    target = np.random.default_rng(2).normal(size=(12, 15))
    flat = target.reshape(3, 4, 3, 5).swapaxes(1, 2).reshape(9, 20)
    U, sigma, Vt = np.linalg.svd(flat, full_matrices=False)
    C, M = (sigma[0] * U[:, 0]).reshape(3, 3), Vt[0].reshape(4, 5)
    fit = LoKr(C, np.zeros((0, 3)), M, np.zeros((0, 5)), 1.0).delta(target)
    error = np.linalg.norm(target - fit)
    np.testing.assert_allclose(error, np.linalg.norm(sigma[1:]))
    rng = np.random.default_rng(3)
    for _ in range(20):
        near = np.kron(C + 0.1 * rng.normal(size=C.shape), M + 0.1 * rng.normal(size=M.shape))
        assert np.linalg.norm(target - near) > error


@pytest.mark.parametrize(
    ("shape", "chosen", "text"),
    [
        ((16, 16), {"factor": 8}, "factor=8 is larger than ⌊√d_out⌋=4"),
        ((18, 16), {"factor": 4}, "factor=4 does not divide d_out=18"),
        ((64, 16), {"factor": 4, "rank": 5}, "rank=5 is larger than a side of M=4"),
        ((64, 64), {"rank": 5, "decompose_both": True}, "rank=5 is larger than factor=4"),
    ],
)
def test_what_does_not_fit_is_refused(
    shape: tuple[int, int], chosen: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        LoKr.init(weight(*shape), np.random.default_rng(0), **chosen)


def test_two_full_blocks_have_scale_one_whatever_alpha_is() -> None:
    W, rng = weight(64, 64), np.random.default_rng(0)
    assert LoKr.init(W, rng, alpha=3.0, full=True).s == 1
    assert LoKr.init(W, rng, alpha=3.0, full=True, decompose_both=True).s == 1.5
    assert LoKr.init(W, rng, alpha=3.0).s == 1.5


def test_gauge_sees_a_single_tile() -> None:
    assert GAUGES["tile_rank"](measure("lokr", {}))["value"] == 1
    assert GAUGES["tile_rank"](measure("lokr", {"step": 0.0}))["value"] == 0
