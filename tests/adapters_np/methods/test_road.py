"""Claims of RoAd's paper."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import Array
from adapters_np.methods.road import RoAd
from tests.toy import rotary, weight

D_OUT, D_IN = 32, 48
every_group = pytest.mark.parametrize("group_size", [2, 8, 32])


def moved(variant: int = 1, group_size: int = 8, seed: int = 1) -> RoAd:
    rng = np.random.default_rng(seed)
    fresh = RoAd.init(
        weight(D_OUT, D_IN),
        rng,
        variant=variant,  # type: ignore[arg-type]
        group_size=group_size,  # type: ignore[arg-type]
    )
    return perturbed(fresh, rng, 1.0)


def turning(adapter: RoAd) -> RoAd:
    """Return the adapter with all gains at 1."""
    return replace(adapter, alpha=np.ones_like(adapter.alpha))


@every_group
def test_columns_of_r_are_orthogonal_and_as_long_as_the_gain(group_size: int) -> None:
    adapter = moved(1, group_size)
    R = adapter.rotation()
    gains = adapter.alpha.reshape(-1, 1, group_size // 2).repeat(2, axis=1).ravel()
    np.testing.assert_allclose(R @ R.T, np.diag(gains**2), atol=1e-14)
    pure = turning(adapter).rotation()
    np.testing.assert_allclose(pure.T @ pure, np.eye(D_OUT), atol=1e-14)
    assert abs(np.linalg.det(pure) - 1) < 1e-13


@pytest.mark.parametrize(("variant", "commute"), [(1, True), (2, False), (4, False)])
def test_only_adapters_of_variant_1_commute(variant: int, commute: bool) -> None:
    one, other = moved(variant).rotation(), moved(variant, seed=2).rotation()
    assert (np.abs(one @ other - other @ one).max() < 1e-14) == commute


@pytest.mark.parametrize(("group_size", "commute"), [(32, True), (2, False), (8, False)])
def test_commutes_with_rotary_embedding_only_if_it_pairs_the_same_channels(
    group_size: int, commute: bool
) -> None:
    adapter = moved(1, group_size)
    head = np.random.default_rng(2).normal(size=(D_OUT, 7))
    gap = np.abs(rotary(adapter.turn(head)) - adapter.turn(rotary(head))).max()
    assert gap < 1e-13 if commute else gap > 0.1


def test_paper_rewrites_it_as_an_edit_of_a_subspace_only_where_r_is_orthogonal() -> None:
    h = np.random.default_rng(2).normal(size=D_OUT)

    def edit(R: Array) -> Array:
        return h + R @ (h - R.T @ h)

    pure, scaled = turning(moved()).rotation(), moved().rotation()
    np.testing.assert_allclose(edit(pure), pure @ h, atol=1e-13)
    assert np.abs(edit(scaled) - scaled @ h).max() > 0.1
