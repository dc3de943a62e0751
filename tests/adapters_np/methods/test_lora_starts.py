"""Consequences of the formulas of LoRA's starts."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from adapters_np.budget import chance
from adapters_np.core import WeightAdapter, flatten, knobs, load, perturbed
from adapters_np.fit import fit, last
from adapters_np.linalg import Array, thin_svd
from adapters_np.methods.lora_starts import (
    LoRAStart,
    by_answers,
    by_context,
    by_gradient,
)
from demos import lab
from tests.toy import weight

W = weight(48, 64)
KNOBS = knobs(LoRAStart)
STARTS, SEGMENTS = KNOBS["start"].options, KNOBS["segment"].options
FIRST, LAST = np.arange(4), np.arange(-4, 0)


def fresh(start: Any, rank: int = 4, base: Array = W, **chosen: Any) -> LoRAStart:
    return LoRAStart.init(base, np.random.default_rng(0), rank=rank, start=start, **chosen)


def nearest(slug: str, base: Array, change: Array, **chosen: Any) -> Array:
    """Return what a method makes of a wanted change."""
    adapter = load(slug).init(base, np.random.default_rng(0), **chosen)
    found = last(fit(adapter, base, change)).adapter
    assert isinstance(found, WeightAdapter)
    return found.delta(base)


@pytest.mark.parametrize("start", STARTS)
def test_the_layer_starts_as_it_is_and_what_follows_has_rank_2r_at_most(start: str) -> None:
    first = fresh(start)
    assert not first.delta(W).any()
    moved = perturbed(first, np.random.default_rng(1), 1.0)
    twice = start not in ("inputs", "crossed")  # there B₀A₀ is zero, and it is a plain LoRA
    assert np.linalg.matrix_rank(moved.delta(W)) == (8 if twice else 4)


def test_the_first_step_of_lora_ga_sees_the_gradient_through_its_2r_strongest_directions() -> None:
    G = np.random.default_rng(2).normal(size=W.shape)
    A, B = by_gradient(G, np.arange(8))
    step = (G @ A.T) @ A + B @ (B.T @ G)  # how B A moves against G, to first order
    U, sigma, Vt = thin_svd(G)
    np.testing.assert_allclose(step, (U[:, :8] * sigma[:8]) @ Vt[:8], atol=1e-10)


def test_what_corda_leaves_of_the_weight_fits_its_inputs_best() -> None:
    X = (1.0 + np.arange(64))[:, None] ** -1.0 * np.random.default_rng(3).normal(size=(64, 256))
    C = X @ X.T
    most, least = (
        np.linalg.norm(B @ A @ C) for A, B in (by_context(W, C, b) for b in (FIRST, LAST))
    )
    assert least < 0.1 * most


def test_corda_takes_out_all_that_the_weight_says_along_some_output_directions() -> None:
    X = np.random.default_rng(3).normal(size=(64, 256))
    A, B = by_context(W, X @ X.T, FIRST)
    U = np.linalg.qr(B)[0]
    np.testing.assert_allclose(B @ A, U @ (U.T @ W), atol=1e-9)


def test_where_the_product_is_zero_the_reach_is_lora_s_and_elsewhere_less_of_a_small_change() -> (
    None
):
    change = 0.1 * np.random.default_rng(5).normal(size=W.shape)
    U, sigma, Vt = thin_svd(change)
    best = (U[:, :4] * sigma[:4]) @ Vt[:4]
    for start in ("inputs", "crossed"):
        np.testing.assert_allclose(fresh(start).nearest(W, change).delta(W), best, atol=1e-10)
    used = fresh("used")
    left = np.linalg.norm(change - used.nearest(W, change).delta(W))
    assert left > np.linalg.norm(change - best)


def test_lora_null_holds_what_the_weight_answers_to_its_most_silent_inputs() -> None:
    X = (1.0 + np.arange(64))[:, None] ** -1.0 * np.random.default_rng(3).normal(size=(64, 256))
    A, B = by_answers(W, X @ X.T, LAST)
    V = np.linalg.eigh(X @ X.T)[1][:, :4]  # the smallest come first
    np.testing.assert_allclose(B @ A, W @ V @ V.T, atol=1e-10)
    assert np.linalg.norm(B @ A @ X) < 0.05 * np.linalg.norm(W @ X)


SQUARE = weight(24, 24)


@pytest.mark.parametrize(
    ("slug", "theirs", "settings"),
    [
        ("pissa", {}, {"segment": "strongest"}),
        ("pissa", {"components": "medium"}, {"segment": "middle"}),
        ("pissa", {"components": "minor"}, {"segment": "weakest"}),
        ("mica", {}, {"segment": "weakest", "trained": "A"}),
        ("lora_xs", {}, {"segment": "strongest", "trained": "core"}),
        ("osf", {}, {"segment": "weakest", "trained": "core"}),
    ],
)
def test_a_method_with_a_module_of_its_own_reaches_what_its_settings_reach(
    slug: str, theirs: dict[str, Any], settings: dict[str, Any]
) -> None:
    change = 0.1 * np.random.default_rng(5).normal(size=SQUARE.shape)
    ours = fresh("weight", 4, SQUARE, **settings)
    np.testing.assert_allclose(
        ours.nearest(SQUARE, change).delta(SQUARE),
        nearest(slug, SQUARE, change, rank=4, **theirs),
        atol=1e-6,
    )


@pytest.mark.parametrize("trained", KNOBS["trained"].options)
@pytest.mark.parametrize("segment", SEGMENTS)
def test_what_is_trained_is_found_again_and_the_rest_stays(segment: Any, trained: Any) -> None:
    first = fresh("weight", segment=segment, trained=trained)
    moved = perturbed(first, np.random.default_rng(1), 1.0)
    found = first.nearest(W, moved.delta(W))
    np.testing.assert_allclose(found.delta(W), moved.delta(W), atol=1e-9)
    outside = np.eye(48) - thin_svd(first.B_0)[0] @ thin_svd(first.B_0)[0].T
    beside = np.eye(64) - thin_svd(first.A_0.T)[0] @ thin_svd(first.A_0.T)[0].T
    assert (np.abs(outside @ moved.delta(W)).max() < 1e-9) == (trained in ("A", "core"))
    assert (np.abs(moved.delta(W) @ beside).max() < 1e-9) == (trained in ("B", "core"))


def test_a_core_has_as_many_parameters_on_a_weight_of_any_size() -> None:
    assert {flatten(fresh("used", 4, base, trained="core")).size for base in (W, SQUARE)} == {16}


def test_of_a_real_change_frozen_directions_of_any_kind_explain_about_what_chance_does() -> None:
    base, change = lab.weight("real"), lab.goal("real")
    gained = []
    for start, segment in product(("weight", "used", "answers", "gradient", "frame"), SEGMENTS):
        for trained, rank in (("A", 4), ("B", 4), ("core", 10)):
            adapter = fresh(start, rank, base, segment=segment, trained=trained)
            left = change - adapter.nearest(base, change).delta(base)
            share = 1 - (np.linalg.norm(left) / np.linalg.norm(change)) ** 2
            assert share < 0.2
            gained.append(share - chance(flatten(adapter).size, base.size))
    assert abs(np.mean(gained)) < 0.01


def test_nothing_is_trained_beside_a_factor_of_zero() -> None:
    for trained in ("A", "core"):
        with pytest.raises(ValueError, match=rf"trained='{trained}' changes nothing where B is"):
            fresh("inputs", trained=trained)
