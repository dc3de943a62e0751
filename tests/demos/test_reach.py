"""The closed forms explain what the fits do, of a change of any shape."""

from typing import Any

import numpy as np
import pytest

from adapters_np.budget import explained
from adapters_np.core import load
from adapters_np.fit import fit, last
from demos.reach import FAMILIES, Change, elsewhere, reached, shrink
from demos.world import toy
from demos.worlds import change

W = toy(size="32x32").W
TALL, WIDE = toy(size="64x32").W, toy(size="32x64").W

# what the family has at two LoRA ranks' budget, 128, on a 32 × 32 weight, as its method's settings
FITTED: list[tuple[str, str, dict[str, Any]]] = [
    ("low_rank", "lora", {"rank": 2}),
    ("replaced", "pissa", {"rank": 2}),
    ("row_gains", "ia3", {}),
    ("column_gains", "ia3", {"feedforward": True}),
    ("pairs", "road", {"variant": 4}),
    ("blocks_turned", "oft", {"block_size": 8}),
    ("mirrored", "ether", {}),
    ("principal_core", "ssvd", {"rank": 11, "constraint": "none"}),
    ("core_turned", "psoft", {"rank": 16, "relaxed": False}),
    ("spectrum", "svft", {"band": 0}),
    ("band", "svft", {"band": 1}),
    ("largest_entries", "shira", {"density": 0.125, "mask": "magnitude"}),
    ("circulants", "c3a", {"block_size": 8}),
    ("shards", "miss", {"rank": 4}),
    ("guided", "bone", {"block_size": 4}),
    ("kronecker", "lokr", {"factor": 4, "full": True}),
]


@pytest.mark.long
@pytest.mark.parametrize("world", ["mix", "noise"])
@pytest.mark.parametrize(("name", "slug", "knobs"), FITTED, ids=[name for name, *_ in FITTED])
def test_a_closed_form_explains_what_the_fit_does(
    name: str, slug: str, knobs: dict[str, Any], world: str
) -> None:
    D = change(world, W)
    adapter = load(slug).init(W, np.random.default_rng(1), **knobs)
    progress = fit(adapter, W, D, steps=400, tol=1e-9)
    found = FAMILIES[name].form(Change(W, D), 128)
    assert found is not None
    assert found.share == pytest.approx(explained(last(progress).error), abs=2e-6)
    assert slug in FAMILIES[name].methods


@pytest.mark.parametrize("M", [W, TALL, WIDE], ids=["square", "tall", "wide"])
@pytest.mark.parametrize("rank", [1, 2, 4])
def test_shares_and_numbers_are_within_bounds_for_every_shape(M: Any, rank: int) -> None:
    most = rank * sum(M.shape)
    for name, found in reached(Change(M, change("mix", M)), most).items():
        if found:
            assert 0 < found.size <= most, name
            assert found.share <= 1 + 1e-12, name


def test_the_control_has_the_spectrum_and_nothing_else() -> None:
    D = change("principal", W)
    moved = elsewhere(D, np.random.default_rng(0))
    before, after = (np.linalg.svd(M, compute_uv=False) for M in (D, moved))
    np.testing.assert_allclose(after, before, atol=1e-12)
    assert abs((D * moved).sum()) < 0.1 * (D**2).sum()


def test_a_uniform_shrink_is_found() -> None:
    D = np.random.default_rng(0).normal(size=W.shape)
    D -= W * (W * D).sum() / (W**2).sum()
    assert shrink(W, D - 0.05 * W) == pytest.approx(-0.05)


def test_a_family_that_does_not_look_at_the_weight_finds_the_same_with_another() -> None:
    D = change("few", W)
    other = np.random.default_rng(5).normal(size=W.shape)
    for f in FAMILIES.values():
        found, elsewhere_found = (f.form(Change(M, D), 130) for M in (W, other))
        assert (found == elsewhere_found) == f.alone, f.name


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (np.ones((2, 3)), np.ones((3, 2)), "must be one"),
        (np.ones((2, 2)), np.full((2, 2), np.nan), "not finite"),
        (np.ones((2, 2)), np.zeros((2, 2)), "nothing changes"),
        (np.full((2, 2), 1e150), np.full((2, 2), 1e-150), "less than 1e-150 of the weight"),
    ],
)
def test_what_cannot_be_explained_is_refused(before: Any, after: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Change(before, after)


@pytest.mark.parametrize("scale", [2.0**700, 2.0**-700])
def test_shares_do_not_depend_on_the_unit_of_the_weights(scale: float) -> None:
    D = change("mix", W)
    plain, scaled = (Change(s * W, s * D) for s in (1.0, scale))
    for f in FAMILIES.values():
        wanted, found = (f.form(each, 64) for each in (plain, scaled))
        assert (wanted is None) == (found is None)
        # what is beside an identity has a unit of its own
        if wanted and found and f.name != "guided":
            assert found.share == pytest.approx(wanted.share, rel=1e-9)
        assert found is None or 0 <= found.share <= 1 + 1e-12
    assert shrink(scaled.W, scaled.D) == pytest.approx(shrink(plain.W, plain.D))
