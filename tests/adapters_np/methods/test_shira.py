"""Claims of SHiRA's paper."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters_np.core import perturbed
from adapters_np.methods.shira import SHiRA
from demos.probe import GAUGES, measure
from tests.toy import singular_values, weight

SHAPES = [(64, 64), (48, 64), (64, 48)]
every_shape = pytest.mark.parametrize("shape", SHAPES)
every_mask = pytest.mark.parametrize("mask", ["random", "magnitude", "structured"])


def moved(shape: tuple[int, int] = (64, 64), seed: int = 1, **chosen: Any) -> SHiRA:
    rng = np.random.default_rng(seed)
    return perturbed(SHiRA.init(weight(*shape), rng, **chosen), rng, 1.0)


def places(adapter: SHiRA, shape: tuple[int, int] = (64, 64)) -> NDArray[np.bool_]:
    mask = np.zeros(shape, bool)
    mask[adapter.rows, adapter.columns] = True
    return mask


def term_rank(mask: NDArray[np.bool_]) -> int:
    """Return the size of a largest matching of rows to columns at places of the mask."""
    partner: dict[int, int] = {}

    def match(row: int, tried: set[int]) -> bool:
        for column in np.flatnonzero(mask[row]).tolist():
            if column not in tried:
                tried.add(column)
                if column not in partner or match(partner[column], tried):
                    partner[column] = row
                    return True
        return False

    return sum(match(row, set()) for row in range(len(mask)))


@every_shape
@every_mask
def test_entries_outside_the_mask_stay_bit_for_bit(shape: tuple[int, int], mask: str) -> None:
    adapter, W = moved(shape, mask=mask), weight(*shape)
    after = W + adapter.delta(W)
    inside = places(adapter, shape)
    assert inside.sum() == len(adapter.theta)
    assert (after[~inside] == W[~inside]).all()
    assert (after[inside] != W[inside]).all()


@every_shape
@every_mask
@pytest.mark.parametrize("density", [0.01, 0.02, 0.05])
def test_rank_is_the_largest_matching_of_rows_to_columns(
    shape: tuple[int, int], mask: str, density: float
) -> None:
    adapter = moved(shape, mask=mask, density=density)
    rank = np.linalg.matrix_rank(adapter.delta(weight(*shape)))
    assert rank == term_rank(places(adapter, shape))


@pytest.mark.parametrize(("density", "mean"), [(0.01, 27), (0.02, 40), (0.05, 60), (0.1, 64)])
def test_random_masks_have_full_rank_only_if_they_are_dense_enough(
    density: float, mean: int
) -> None:
    ranks = [
        np.linalg.matrix_rank(moved(seed=seed, density=density).delta(weight(64, 64)))
        for seed in range(20)
    ]
    assert np.mean(ranks) == pytest.approx(mean, abs=1)


def test_spaced_rows_give_a_rank_each_and_the_diagonal_makes_it_full() -> None:
    adapter, W = moved(mask="structured", density=2 / 64), weight(64, 64)
    delta = adapter.delta(W)
    assert np.linalg.matrix_rank(delta[::32]) == 2
    rows_only = np.where(np.arange(64)[:, None] % 32 == 0, delta, 0)
    assert np.linalg.matrix_rank(rows_only) == 2
    assert np.linalg.matrix_rank(rows_only != 0) == 1  # of the mask, which the paper counts
    assert np.linalg.matrix_rank(delta) == 64
    assert len(adapter.theta) == 2 * 64 + 62


@every_shape
def test_structured_mask_has_full_rank_on_every_shape(shape: tuple[int, int]) -> None:
    delta = moved(shape, mask="structured", density=0.02).delta(weight(*shape))
    assert np.linalg.matrix_rank(delta) == min(shape)


def test_magnitude_mask_takes_the_largest_entries() -> None:
    adapter, W = moved(mask="magnitude"), weight(64, 64)
    inside = places(adapter)
    assert np.abs(W[inside]).min() >= np.abs(W[~inside]).max()


@pytest.mark.parametrize("density", [0.02, 0.1])
def test_two_random_masks_share_their_density_squared(density: float) -> None:
    shared = [
        (
            places(moved(seed=s, density=density)) & places(moved(seed=s + 50, density=density))
        ).mean()
        for s in range(30)
    ]
    assert np.mean(shared) == pytest.approx(density**2, rel=0.25)


@pytest.mark.parametrize(("density", "zeros"), [(0.02, 0.975), (0.1, 0.53)])
def test_two_adapters_rarely_touch_the_same_output(density: float, zeros: float) -> None:
    W = weight(64, 64)
    first, second = (moved(seed=s, density=density).delta(W) for s in (1, 2))
    share = (first.T @ second == 0).mean()
    assert share == pytest.approx(zeros, abs=0.03)
    assert share == pytest.approx((1 - density**2) ** 64, abs=0.03)


def test_disjoint_adapters_can_be_added_in_any_order_without_loss() -> None:
    W = weight(64, 64)
    first = moved(density=0.05)
    free = np.flatnonzero(~places(first))[:200]
    second = replace(first, theta=first.theta[:200], rows=free // 64, columns=free % 64)
    both = W + first.delta(W) + second.delta(W)
    assert (
        both[first.rows, first.columns] == (W + first.delta(W))[first.rows, first.columns]
    ).all()
    assert (both[second.rows, second.columns] == (W + second.delta(W))[free // 64, free % 64]).all()


def test_gradient_is_the_weights_gradient_at_the_places() -> None:
    adapter, W = moved((48, 64)), weight(48, 64)
    G = np.random.default_rng(3).normal(size=W.shape)
    slopes = [(G * replace(adapter, theta=e).delta(W)).sum() for e in np.eye(len(adapter.theta))]
    np.testing.assert_allclose(slopes, G[adapter.rows, adapter.columns])


def test_what_a_low_rank_adapter_misses_is_the_next_singular_value() -> None:
    delta = moved().delta(weight(64, 64))
    U, sigma, Vt = np.linalg.svd(delta)
    for r in (1, 8, 30):
        best = U[:, :r] * sigma[:r] @ Vt[:r]
        np.testing.assert_allclose(np.linalg.norm(delta - best, 2), sigma[r], atol=1e-12)


def test_strength_scales_the_change_and_zero_switches_it_off() -> None:
    adapter, W = moved(), weight(64, 64)
    doubled = replace(adapter, alpha=2.0).delta(W)
    np.testing.assert_allclose(singular_values(doubled), 2 * singular_values(adapter.delta(W)))
    assert not replace(adapter, alpha=0.0).delta(W).any()


def test_gauge_counts_the_trained_entries() -> None:
    change = measure("shira", {"density": 0.1})
    assert GAUGES["changed_entries"](change)["value"] == 410
    assert GAUGES["changed_entries"](measure("shira", {"alpha": 0.0}))["value"] == 0
