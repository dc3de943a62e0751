"""Claims of DoRA's paper."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import Array, row_norms
from adapters_np.methods.dora import DoRA
from adapters_np.methods.lora import LoRA
from tests.toy import cosines, weight

D_OUT, D_IN, RANK = 48, 64, 4


def moved() -> DoRA:
    rng = np.random.default_rng(1)
    return perturbed(DoRA.init(weight(D_OUT, D_IN), rng, rank=RANK, alpha=8.0), rng, 1.0)


def after(adapter: DoRA) -> Array:
    W = weight(D_OUT, D_IN)
    return W + adapter.delta(W)


def test_learned_length_is_the_length_of_the_neuron() -> None:
    adapter = moved()
    np.testing.assert_allclose(row_norms(after(adapter)), np.abs(adapter.m), atol=1e-13)


def test_neuron_points_where_the_low_rank_change_puts_it_up_to_the_sign_of_its_length() -> None:
    adapter = moved()
    V = adapter.direction(weight(D_OUT, D_IN))
    cosine = np.einsum("ij,ij->i", after(adapter), V) / (np.abs(adapter.m) * row_norms(V))
    np.testing.assert_allclose(cosine, np.sign(adapter.m), atol=1e-13)


def test_lengths_tied_to_v_give_lora() -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    tied = replace(adapter, m=row_norms(adapter.direction(W)))
    lora = LoRA(adapter.A, adapter.B, adapter.s)
    np.testing.assert_allclose(tied.delta(W), lora.delta(W), atol=1e-13)


def test_lengths_alone_are_a_gain_of_outputs_and_change_all_directions_of_the_weight() -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    alone = replace(adapter, B=0 * adapter.B)
    gain = adapter.m / row_norms(W)
    np.testing.assert_allclose(after(alone), gain[:, None] * W, atol=1e-13)
    np.testing.assert_allclose(
        cosines(after(alone)), cosines(np.sign(adapter.m)[:, None] * W), atol=1e-13
    )
    assert np.linalg.matrix_rank(alone.delta(W)) == D_OUT


def test_rank_r_holds_for_v_and_not_for_the_change() -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    assert np.linalg.matrix_rank(adapter.delta(W)) == D_OUT
    V = adapter.direction(W)
    undone = (row_norms(V) / adapter.m)[:, None] * after(adapter) - W
    assert np.linalg.matrix_rank(undone, tol=1e-10) == RANK


def test_scaling_the_weight_the_lengths_and_the_change_scales_the_result() -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    scaled = replace(adapter, m=3 * adapter.m, B=3 * adapter.B)
    np.testing.assert_allclose(3 * W + scaled.delta(3 * W), 3 * after(adapter), atol=1e-12)


@pytest.mark.parametrize("field", ["A", "B"])
def test_derivative_has_a_term_along_v_that_training_leaves_out(field: str) -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    rng = np.random.default_rng(2)
    G = rng.normal(size=W.shape)  # ∂L/∂W'
    V = adapter.direction(W)
    n = row_norms(V)[:, None]
    held = adapter.m[:, None] / n * G  # ∂L/∂V with the norm held constant
    full = held - (held * V).sum(axis=1, keepdims=True) * V / n**2
    direction, h = rng.normal(size=getattr(adapter, field).shape), 1e-5

    def slope(D: Array) -> float:
        by_field = {"A": adapter.B.T @ D, "B": D @ adapter.A.T}
        return float((adapter.s * by_field[field] * direction).sum())

    def loss(t: float) -> float:
        other = replace(adapter, **{field: getattr(adapter, field) + t * direction})
        return float((G * other.delta(W)).sum())

    measured = (loss(h) - loss(-h)) / (2 * h)
    assert abs(slope(full) - measured) < 1e-6 * abs(measured)
    assert abs(slope(held) - measured) > 1e-2 * abs(measured)
