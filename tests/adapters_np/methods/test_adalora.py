"""Claims of AdaLoRA's paper, its score and its budget."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import Array
from adapters_np.methods.adalora import (
    AdaLoRA,
    Importance,
    allocate,
    budget,
    triplet_scores,
)
from tests.toy import singular_values, weight

SCHEDULE = {"first": 96, "last": 64, "warm_up": 10, "final": 20, "steps": 100}


def fresh(**knobs: Any) -> AdaLoRA:
    return AdaLoRA.init(weight(48, 64), np.random.default_rng(1), **knobs)


def moved(seed: int = 2, **knobs: Any) -> AdaLoRA:
    return perturbed(fresh(**knobs), np.random.default_rng(seed), 1.0)


def rank_of(delta: Array) -> int:
    sigma = singular_values(delta)
    return int((sigma > 1e-10 * sigma[0]).sum()) if sigma[0] else 0


def test_lambdas_are_singular_values_only_where_p_and_q_are_orthonormal() -> None:
    W, adapter = weight(48, 64), moved(target_rank=12)
    orthonormal = replace(
        adapter, P=np.linalg.qr(adapter.P)[0], Q=np.linalg.qr(adapter.Q.T)[0].T, s=1.0
    )
    lambdas = np.sort(np.abs(adapter.Lambda))[::-1]
    assert orthonormal.penalty() == pytest.approx(0, abs=1e-20)
    np.testing.assert_allclose(singular_values(orthonormal.delta(W))[:12], lambdas, atol=1e-12)
    gaussian = replace(fresh(target_rank=12), Lambda=adapter.Lambda, s=1.0)
    assert gaussian.penalty() > 1
    assert singular_values(gaussian.delta(W))[0] < lambdas[0] / 20


def test_budget_is_shared_over_all_matrices_by_score() -> None:
    adapters = [moved(seed, target_rank=12) for seed in (2, 3, 4)]
    scores = [np.arange(12.0), 100 + np.arange(12.0), 20 + np.arange(12.0)]
    kept = allocate(adapters, scores, keep=18)
    assert [int((a.Lambda != 0).sum()) for a in kept] == [0, 12, 6]
    assert [rank_of(a.delta(weight(48, 64))) for a in kept] == [0, 12, 6]


def test_budget_falls_by_a_cube_and_ends_at_its_last_value() -> None:
    course = [budget(t, **SCHEDULE) for t in range(101)]
    assert course[0] == course[10] == 96
    assert set(course[80:]) == {64}
    assert course[45] == 64 + 32 // 8  # half way: one eighth of the surplus is left
    assert course == sorted(course, reverse=True)


def test_importance_is_smoothed_sensitivity_times_its_variation() -> None:
    start = Importance(np.zeros(1), np.zeros(1))
    first = start.updated(np.array([2.0]), np.array([-3.0]), beta=0.5)  # |2 · −3| = 6
    assert first.mean == 3
    assert first.variation == 1.5
    second = first.updated(np.array([1.0]), np.array([1.0]), beta=0.5)
    assert second.mean == 2
    assert second.variation == 1.25
    assert second.score() == 2.5


def test_triplet_score_averages_over_its_vectors() -> None:
    ones = Importance(np.ones((4, 2)), np.array([[1.0, 2.0]] * 4))
    singles = Importance(np.ones(2), np.array([10.0, 20.0]))
    rows = Importance(np.ones((2, 3)), np.array([[3.0] * 3, [4.0] * 3]))
    np.testing.assert_array_equal(triplet_scores(ones, singles, rows), [14.0, 26.0])
