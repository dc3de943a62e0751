"""Claims of SHiRA's paper."""

from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters_np.core import knobs, perturbed
from adapters_np.linalg import thin_svd
from adapters_np.methods.shira import COUNTS, SHiRA, examples, exchanged, principal
from tests.toy import weight

SHAPES = [(64, 64), (48, 64), (64, 48)]
every_shape = pytest.mark.parametrize("shape", SHAPES)
MASKS = knobs(SHiRA)["mask"].options
SINGLE = [mask for mask in MASKS if mask not in COUNTS]
every_mask = pytest.mark.parametrize("mask", MASKS)


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


# Which entries ------------------------------------------------------------------------------------


def drawn(mask: Any, shape: tuple[int, int] = (64, 64), **chosen: Any) -> NDArray[np.bool_]:
    """Return the mask of a fresh adapter, whose generator `seeded` repeats."""
    return places(SHiRA.init(weight(*shape), seeded(), mask=mask, **chosen), shape)


def seeded() -> np.random.Generator:
    return np.random.default_rng(3)


def ranks_first(score: NDArray[Any], mask: NDArray[np.bool_]) -> bool:
    return bool(np.abs(score[mask]).min() >= np.abs(score[~mask]).max())


@pytest.mark.parametrize(
    ("mask", "digest"),
    [
        ("random", "2c51c5b39b19207d"),
        ("magnitude", "8dee1580832882e0"),
        ("structured", "7e97a04ae6b6f5b3"),
    ],
)
def test_the_first_three_masks_are_what_recorded_runs_had(mask: Any, digest: str) -> None:
    """The studies' runs have these places, and what follows is drawn from where they leave off."""
    rng, W = seeded(), np.random.default_rng(1).normal(size=(48, 64))
    adapter = SHiRA.init(W, rng, mask=mask, density=0.05)
    stored = np.stack([adapter.rows, adapter.columns]).astype("<i8").tobytes()
    assert sha256(stored).hexdigest()[:16] == digest
    after = seeded()
    if mask == "random":
        after.permutation(W.size)
    assert rng.random() == after.random()


@every_shape
@pytest.mark.parametrize("mask", sorted({*MASKS} - {"structured"}))
@pytest.mark.parametrize("density", [0.02, 0.05, 0.1, 0.25])
def test_all_masks_but_the_structured_one_train_that_share_of_the_entries(
    shape: tuple[int, int], mask: str, density: float
) -> None:
    """To half a row, column or block, where these are whole; diagonal blocks may be unequal."""
    share = density * shape[0] * shape[1]
    gap = drawn(mask, shape, density=density).sum() - share
    if mask in SINGLE:
        assert 0 <= gap < 1
    else:
        half = {"rows": shape[1] / 2, "columns": shape[0] / 2, "blocks": shape[0] * shape[1] / 512}
        assert abs(gap) <= half.get(mask, share / 8) + 1e-9


def test_gradient_snip_and_fisher_take_what_is_largest_on_the_drawn_examples() -> None:
    X, E = examples((64, 64), seeded())
    singly = [np.outer(e, x) for x, e in zip(X.T, E.T, strict=True)]
    G = np.sum(singly, axis=0)
    assert ranks_first(G, drawn("gradient"))
    assert ranks_first(weight(64, 64) * G, drawn("snip"))
    assert ranks_first(np.mean(np.square(singly), axis=0), drawn("fisher"))
    assert not ranks_first(G, drawn("fisher"))


def test_an_exchange_drops_the_fifth_that_moved_least_and_grows_by_gradient() -> None:
    first, second, third = np.random.default_rng(6).normal(size=(3, 12, 10))
    start = set(np.argsort(-np.abs(first), axis=None)[:20].tolist())
    end = set(exchanged([first, second, third], 20).tolist())
    assert len(end) == 20
    least = sorted(start, key=lambda place: abs(second.flat[place]))[:4]
    kept = start - set(least)
    assert kept <= end
    others = [place for place in range(120) if place not in kept]
    assert end - kept == set(sorted(others, key=lambda place: -abs(third.flat[place]))[:4])


def test_principal_takes_the_largest_entries_of_the_low_rank_part_and_not_of_the_weight() -> None:
    W = weight(64, 64)
    U, sigma, Vt = thin_svd(W)
    low = (U[:, :2] * sigma[:2]) @ Vt[:2]
    np.testing.assert_allclose(principal(W), low, atol=1e-12)
    assert ranks_first(low, drawn("principal"))
    assert not ranks_first(W, drawn("principal"))


@every_shape
@pytest.mark.parametrize(("mask", "axis"), [("rows", 1), ("columns", 0)])
def test_rows_and_columns_are_whole(shape: tuple[int, int], mask: str, axis: int) -> None:
    lines = drawn(mask, shape).mean(axis=axis)
    assert set(lines) == {0, 1}
    rank = np.linalg.matrix_rank(moved(shape, mask=mask).delta(weight(*shape)))
    assert rank == lines.sum() == round(0.05 * len(lines))


@every_shape
def test_blocks_are_whole_and_have_the_largest_mean_gradient(shape: tuple[int, int]) -> None:
    X, E = examples(shape, seeded())
    inside = drawn("blocks", shape)

    def tiles(M: NDArray[Any]) -> NDArray[Any]:
        return M.reshape(16, shape[0] // 16, 16, shape[1] // 16).mean(axis=(1, 3))

    assert set(tiles(inside).ravel()) == {0, 1}
    assert ranks_first(tiles(np.abs(E @ X.T)), tiles(inside) == 1)
    assert tiles(inside).sum() == 13


@every_shape
@pytest.mark.parametrize("density", [0.05, 0.125, 0.25])
def test_diagonal_blocks_touch_every_row_and_column_once(
    shape: tuple[int, int], density: float
) -> None:
    inside, blocks = drawn("diagonal", shape, density=density), round(1 / density)
    assert len(np.unique(inside, axis=0)) == blocks  # rows of one block are alike
    assert inside.any(axis=1).all()
    assert inside.any(axis=0).all()
    for one in np.unique(inside, axis=0):
        own = np.flatnonzero((inside == one).all(axis=1))
        assert (np.diff(own) == 1).all()
        assert (np.diff(np.flatnonzero(one)) == 1).all()
        assert abs(len(own) - shape[0] / blocks) < 1
    assert np.linalg.matrix_rank(
        moved(shape, mask="diagonal", density=density).delta(weight(*shape))
    ) == min(shape)
