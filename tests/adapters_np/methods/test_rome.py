"""Consequences of ROME's formula."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from adapters_np.linalg import Array
from adapters_np.methods.rome import ROME
from tests.toy import weight

W = weight(24, 32)


def fresh(W: Array = W, **knobs: Any) -> ROME:
    return ROME.init(W, np.random.default_rng(0), **knobs)


def written(**knobs: Any) -> tuple[ROME, Array]:
    """Return an adapter that has learned answers, and these."""
    first = fresh(**knobs)
    answers = np.random.default_rng(1).normal(size=first.values.shape)
    return first.writing(W, answers), answers


def spill(adapter: ROME) -> float:
    """Return how far the outputs for other inputs move, in the root mean square."""
    return float(np.sqrt(np.mean(np.square(adapter.delta(W) @ adapter.others).sum(axis=0))))


@pytest.mark.parametrize("weighed", [True, False])
@pytest.mark.parametrize("facts", [1, 3, 16])
def test_each_key_gets_its_answer_and_the_change_has_no_more_rank_than_facts(
    facts: int, weighed: bool
) -> None:
    adapter, answers = written(facts=facts, weighed=weighed)
    np.testing.assert_allclose((W + adapter.delta(W)) @ adapter.keys, answers, atol=1e-9)
    assert np.linalg.matrix_rank(adapter.delta(W)) == facts


def test_it_is_the_product_that_the_code_makes_of_its_two_vectors() -> None:
    """`compute_u` returns u = C⁻¹k / |C⁻¹k|, `compute_v` divides by k · u."""
    adapter, answers = written()
    k, C = adapter.keys[:, 0], adapter.others @ adapter.others.T
    u = np.linalg.inv(C) @ k
    u /= np.linalg.norm(u)
    v = (answers[:, 0] - W @ k) / (k @ u)
    np.testing.assert_allclose(adapter.delta(W), np.outer(v, u), atol=1e-9)


@pytest.mark.parametrize("facts", [1, 4])
def test_no_change_with_these_answers_moves_other_outputs_less(facts: int) -> None:
    adapter, _ = written(facts=facts)
    least, rng = spill(adapter), np.random.default_rng(2)
    silent = np.eye(32) - adapter.keys @ np.linalg.pinv(
        adapter.keys
    )  # leaves the answers as they are
    for size in (1e-3, 1e-1):
        for _ in range(8):
            more = adapter.delta(W) + size * rng.normal(size=W.shape) @ silent
            assert np.linalg.norm(more @ adapter.others) / np.sqrt(128) > least


def test_without_the_second_moments_other_outputs_move_two_to_four_times_as_far() -> None:
    moved = {True: list[float](), False: list[float]()}
    for weighed, seed in product(moved, range(20)):
        first = ROME.init(W, np.random.default_rng(seed), weighed=weighed)
        adapter = first.writing(W, W @ first.keys + 1)  # each output of the key by 1
        moved[weighed].append(spill(adapter) / np.sqrt(len(W)))
    assert 0.1 < np.mean(moved[True]) < 0.2  # of 32 inputs a direction is heard by 1/√32
    assert 2 < np.mean(moved[False]) / np.mean(moved[True]) < 4
