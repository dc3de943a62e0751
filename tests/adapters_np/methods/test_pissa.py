"""Claims of PiSSA's paper."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import thin_svd
from adapters_np.methods.lora import LoRA
from adapters_np.methods.pissa import PiSSA
from tests.toy import singular_values, weight

W = weight(48, 64)


def fresh(rank: int = 6, alpha: float = 6.0) -> PiSSA:
    return PiSSA.init(W, np.random.default_rng(1), rank=rank, alpha=alpha)


def moved(rank: int = 6, alpha: float = 6.0, step: float = 0.5) -> PiSSA:
    return perturbed(fresh(rank, alpha), np.random.default_rng(2), step)


@pytest.mark.parametrize("alpha", [3.0, 6.0, 12.0])
def test_residual_and_principal_part_add_up_to_the_weight(alpha: float) -> None:
    adapter = fresh(6, alpha)
    U, sigma, Vt = thin_svd(W)
    np.testing.assert_allclose(
        adapter.s * adapter.B @ adapter.A, U[:, :6] * sigma[:6] @ Vt[:6], atol=1e-12
    )
    np.testing.assert_allclose(
        adapter.residual(W) + adapter.s * adapter.B @ adapter.A, W, atol=1e-12
    )


def test_residual_keeps_the_later_singular_values_and_no_other() -> None:
    sigma = singular_values(W)
    after = singular_values(fresh(6).residual(W))
    np.testing.assert_allclose(after, [*sigma[6:], *np.zeros(6)], atol=1e-12)


def test_residual_does_not_move_in_training() -> None:
    assert (moved().residual(W) == fresh().residual(W)).all()


def test_frozen_and_trained_part_differ_by_rank_r() -> None:
    adapter = moved(6)
    assert np.linalg.matrix_rank(W + adapter.delta(W) - adapter.residual(W)) == 6


def test_change_has_rank_up_to_two_r_and_r_when_one_factor_moves() -> None:
    adapter = moved(6)
    assert np.linalg.matrix_rank(adapter.delta(W)) == 12
    assert np.linalg.matrix_rank(replace(adapter, A=adapter.A_0).delta(W)) == 6
    assert np.linalg.matrix_rank(replace(adapter, B=adapter.B_0).delta(W)) == 6


@pytest.mark.parametrize("alpha", [3.0, 6.0, 12.0])
def test_factors_start_balanced(alpha: float) -> None:
    adapter = fresh(6, alpha)
    expected = np.diag(singular_values(W)[:6] / adapter.s)
    np.testing.assert_allclose(adapter.B.T @ adapter.B, expected, atol=1e-12)
    np.testing.assert_allclose(adapter.A @ adapter.A.T, expected, atol=1e-12)


def test_no_other_part_of_rank_r_leaves_a_smaller_residual() -> None:
    best = np.linalg.norm(fresh(6).residual(W))
    np.testing.assert_allclose(best**2, (singular_values(W)[6:] ** 2).sum(), rtol=1e-12)
    for other in (PiSSA.init(W, np.random.default_rng(0), rank=6, components="minor"), moved(6)):
        assert np.linalg.norm(W - other.s * other.B @ other.A) > best


def test_residual_is_smaller_than_the_weight_and_its_entries_spread_less() -> None:
    residual = fresh(6).residual(W)
    assert np.linalg.norm(residual, 2) < np.linalg.norm(W, 2)
    assert np.linalg.norm(residual, "nuc") < np.linalg.norm(W, "nuc")
    assert residual.std() < W.std()


def outside(change: np.ndarray, rank: int) -> float:
    """Return the share of a change's norm outside both leading singular subspaces."""
    U, _, Vt = thin_svd(W)
    rest = change - U[:, :rank] @ (U[:, :rank].T @ change)
    rest = rest - rest @ Vt[:rank].T @ Vt[:rank]
    return float(np.linalg.norm(rest) / np.linalg.norm(change))


def test_change_leaves_the_principal_subspaces_at_second_order_only() -> None:
    small, large = (outside(moved(6, step=step).delta(W), 6) for step in (1e-4, 1.0))
    assert small < 1e-3
    assert large > 0.1


def test_first_gradient_step_is_weighted_by_the_leading_singular_values() -> None:
    G, eta = np.random.default_rng(3).normal(size=W.shape), 1e-7
    adapter = fresh(6)
    after = replace(
        adapter, A=adapter.A - eta * adapter.B.T @ G, B=adapter.B - eta * G @ adapter.A.T
    )
    U, sigma, Vt = thin_svd(W)
    left, right = U[:, :6] * sigma[:6] @ U[:, :6].T, Vt[:6].T * sigma[:6] @ Vt[:6]
    expected = -eta * (G @ right + left @ G)
    np.testing.assert_allclose(after.delta(W), expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("alpha", [3.0, 12.0])
def test_plain_lora_of_rank_two_r_makes_the_same_change(alpha: float) -> None:
    adapter = moved(6, alpha)
    B, A = adapter.as_lora()
    assert len(A) == 12
    np.testing.assert_allclose(LoRA(A, B, adapter.s).delta(W), adapter.delta(W), atol=1e-12)


@pytest.mark.parametrize(("components", "first"), [("principal", 0), ("medium", 21), ("minor", 42)])
def test_medium_and_minor_components_are_the_middle_and_the_end_of_the_spectrum(
    components: Literal["principal", "medium", "minor"], first: int
) -> None:
    adapter = PiSSA.init(W, np.random.default_rng(0), rank=6, alpha=6, components=components)
    part = singular_values(adapter.B @ adapter.A)[:6]
    np.testing.assert_allclose(part, singular_values(W)[first : first + 6], atol=1e-12)
