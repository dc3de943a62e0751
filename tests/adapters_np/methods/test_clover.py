"""Claims of CLOVER's paper."""

from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.layers import attention, split_heads
from adapters_np.linalg import Array
from adapters_np.methods.clover import CLOVER, prune
from tests.toy import singular_values, weight

W, X = weight(64, 48), np.random.default_rng(5).normal(size=(48, 9))  # d = 8 for two heads


def fresh(stack: Array = W, **knobs: Any) -> CLOVER:
    return CLOVER.init(stack, np.random.default_rng(0), **knobs)


def moved(**knobs: Any) -> CLOVER:
    return perturbed(fresh(**knobs), np.random.default_rng(1), 1.0)


def products(stack: Array, heads: int = 2) -> Array:
    """Return W_Q W_Kᵀ and W_V W_O of every head in the paper's layout, (2, heads, d_in, d_in)."""
    Q, K, V, O_T = split_heads(stack, heads)
    return np.stack([np.swapaxes(Q, 1, 2) @ K, np.swapaxes(V, 1, 2) @ O_T])


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_factors_hold_both_products_of_every_head(heads: int) -> None:
    np.testing.assert_allclose(
        products(fresh(heads=heads).merged(), heads), products(W, heads), atol=1e-12
    )


def test_bases_are_orthonormal_and_values_are_the_singular_values_of_the_products() -> None:
    adapter, M = fresh(), products(W)
    for basis in (adapter.U_QK, adapter.V_QK, adapter.U_VO, adapter.V_VO):
        gram = np.swapaxes(basis, 1, 2) @ basis
        np.testing.assert_allclose(gram, np.broadcast_to(np.eye(8), gram.shape), atol=1e-12)
    for product, sigma in zip(M, (adapter.S_QK_0, adapter.S_VO_0), strict=True):
        for head in range(2):
            np.testing.assert_allclose(singular_values(product[head])[:8], sigma[head], atol=1e-12)


def test_change_of_a_product_has_rank_d_and_stays_in_its_row_and_column_space() -> None:
    adapter = moved()
    change = products(adapter.merged()) - products(W)
    for delta, U, V in (
        (change[0], adapter.U_QK, adapter.V_QK),
        (change[1], adapter.U_VO, adapter.V_VO),
    ):
        for head in range(2):
            assert np.linalg.matrix_rank(delta[head]) == 8
            left, right = U[head] @ U[head].T, V[head] @ V[head].T
            np.testing.assert_allclose(left @ delta[head] @ right, delta[head], atol=1e-12)


def test_mixing_queries_and_keys_changes_their_matrices_and_not_the_adapter() -> None:
    G = np.random.default_rng(3).normal(size=(2, 8, 8))
    parts = split_heads(W, 2).copy()
    parts[0] = G @ parts[0]
    parts[1] = np.linalg.inv(np.swapaxes(G, 1, 2)) @ parts[1]
    mixed = parts.reshape(W.shape)
    np.testing.assert_allclose(products(mixed), products(W), atol=1e-10)
    np.testing.assert_allclose(fresh(mixed).S_QK_0, fresh().S_QK_0, atol=1e-10)
    np.testing.assert_allclose(fresh(mixed).forward(mixed, X), attention(W, X, 2), atol=1e-10)
    assert np.abs(singular_values(mixed[:16]) - singular_values(W[:16])).max() > 0.1
    assert np.abs(singular_values(mixed[:32]) - singular_values(W[:32])).max() > 0.1


@pytest.mark.parametrize("keep", [2, 4, 6])
def test_pruning_is_the_best_approximation_of_both_products(keep: int) -> None:
    exact, pruned = products(W), products(prune(W, keep))
    Q, K, *_ = split_heads(W, 2)
    for head in range(2):
        for M, cut in zip(exact[:, head], pruned[:, head], strict=True):
            assert np.linalg.matrix_rank(cut) == keep
            tail = singular_values(M)[keep:]
            np.testing.assert_allclose(np.linalg.norm(M - cut), np.linalg.norm(tail), rtol=1e-9)
        norms = np.linalg.norm(Q[head], axis=1) * np.linalg.norm(K[head], axis=1)
        kept = np.argsort(norms)[-keep:]
        vanilla = Q[head, kept].T @ K[head, kept]
        exact_QK = exact[0, head]
        assert np.linalg.norm(exact_QK - pruned[0, head]) < np.linalg.norm(exact_QK - vanilla)
