"""Consequences of the formulas of task arithmetic, and what PEFT makes of the same changes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import Array
from adapters_np.methods.task_arithmetic import TaskArithmetic, agreeing, parts
from tests.toy import weight

W = weight(24, 32)
RECORDED = json.loads((Path(__file__).parents[2] / "parity" / "merging.json").read_text("utf-8"))
OURS = {
    "task_arithmetic": "sum",
    "magnitude_prune": "magnitude",
    "ties": "ties",
    "dare_linear": "dare",
    "dare_ties": "dare",
}


def fresh(**knobs: Any) -> TaskArithmetic:
    return TaskArithmetic.init(W, np.random.default_rng(0), **knobs)


def received(adapter: TaskArithmetic) -> Array:
    """Return how much of each task's own change the sum of all has."""
    own = adapter.changes.reshape(len(adapter.changes), -1)
    return own @ adapter.delta(W).ravel() / (own**2).sum(axis=1)


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: f"density {case['density']}")
@pytest.mark.parametrize("name", OURS)
def test_merges_are_those_of_peft(case: dict[str, Any], name: str) -> None:
    assert RECORDED["versions"]["peft"] == "0.21.2"
    changes, kept = np.array(case["changes"]), np.array(case["kept"]) > 0
    left = parts(changes, OURS[name], case["density"], kept)  # type: ignore[arg-type]
    if name == "dare_ties":
        left = agreeing(left)
    found = np.tensordot(RECORDED["weights"], left, axes=1)
    np.testing.assert_allclose(found, case[name], atol=1e-6)


@pytest.mark.parametrize("merge", ["sum", "magnitude", "dare", "ties"])
def test_whatever_is_merged_the_change_is_linear_in_the_strengths_and_the_nearest_is_found(
    merge: str,
) -> None:
    first = fresh(tasks=5, merge=merge, alike=0.4)
    moved = perturbed(first, np.random.default_rng(1), 1.0)
    found = first.nearest(W, moved.delta(W))
    np.testing.assert_allclose(found.strengths, moved.strengths, atol=1e-9)
    outside = moved.delta(W) + np.random.default_rng(2).normal(size=W.shape)
    rest = outside - first.nearest(W, outside).delta(W)
    assert np.abs(np.tensordot(first.parts, rest, axes=2)).max() < 1e-9


def test_tasks_that_are_not_alike_hardly_meet_and_others_add_to_each_other() -> None:
    ones = {"strengths": np.ones(4)}
    for alike, least, most in ((0.0, 0.85, 1.15), (0.5, 2.2, 2.8)):  # 1 + 3 · alike
        first = fresh(alike=alike)
        got = received(TaskArithmetic(**(vars(first) | ones)))
        assert least < got.min()
        assert got.max() < most


def test_what_dare_leaves_is_the_change_on_average_and_longer() -> None:
    first = fresh(merge="dare", density=0.25, tasks=16)
    shares = np.tensordot(first.changes, first.parts, axes=([1, 2], [1, 2])).diagonal()
    lengths = np.square(first.changes).sum(axis=(1, 2))
    assert 0.95 < np.mean(shares / lengths) < 1.05
    grown = np.square(first.parts).sum(axis=(1, 2)) / lengths
    assert 3.6 < np.mean(grown) < 4.4  # 1 / density


def test_ties_adds_nothing_against_the_sign_that_it_elects() -> None:
    left = fresh(merge="ties", density=0.5).parts
    signs = np.sign(left)
    assert (signs.max(axis=0) * signs.min(axis=0) >= 0).all()
    assert ((signs != 0).mean(axis=(1, 2)) < 0.5).all()
