"""Claims of VeRA's paper."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import flatten, parameters, perturbed, restore
from adapters_np.methods.vera import VeRA
from tests.toy import jacobian_rank, weight

D_OUT, D_IN = 20, 24


def moved(rank: int = 6) -> VeRA:
    rng = np.random.default_rng(1)
    return perturbed(VeRA.init(weight(D_OUT, D_IN), rng, rank=rank), rng, 1.0)


def test_change_is_zero_exactly_when_lambda_b_is() -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    assert not replace(adapter, lambda_b=np.zeros(D_OUT)).delta(W).any()
    one = replace(adapter, lambda_b=np.eye(D_OUT)[3])
    assert (one.delta(W)[3] != 0).all()


@pytest.mark.parametrize(("rank", "expected"), [(1, 1), (6, 6), (20, 20), (100, 20)])
def test_rank_is_r_up_to_the_sides_of_the_weight(rank: int, expected: int) -> None:
    assert np.linalg.matrix_rank(moved(rank).delta(weight(D_OUT, D_IN))) == expected


def test_rank_is_at_most_the_number_of_gains_in_use() -> None:
    W, adapter = weight(D_OUT, D_IN), moved(6)
    few = np.where(np.arange(6) < 4, adapter.lambda_d, 0)
    assert np.linalg.matrix_rank(replace(adapter, lambda_d=few).delta(W)) == 4
    three = np.where(np.arange(D_OUT) < 3, adapter.lambda_b, 0)
    assert np.linalg.matrix_rank(replace(adapter, lambda_b=three).delta(W)) == 3


def test_gain_can_move_from_one_vector_to_the_other() -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    other = replace(adapter, lambda_b=3 * adapter.lambda_b, lambda_d=adapter.lambda_d / 3)
    np.testing.assert_allclose(other.delta(W), adapter.delta(W), atol=1e-15)


def test_each_output_gain_rules_one_row() -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    silent = np.where(np.arange(D_OUT) == 5, 0, adapter.lambda_b)
    delta = replace(adapter, lambda_b=silent).delta(W)
    assert not delta[5].any()
    np.testing.assert_allclose(np.delete(delta, 5, 0), np.delete(adapter.delta(W), 5, 0))


def test_each_hidden_gain_rules_one_rank_one_term() -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    silent = np.where(np.arange(6) == 2, 0, adapter.lambda_d)
    term = adapter.lambda_d[2] * np.outer(adapter.lambda_b * adapter.B[:, 2], adapter.A[2])
    np.testing.assert_allclose(
        replace(adapter, lambda_d=silent).delta(W), adapter.delta(W) - term, atol=1e-14
    )


def test_changes_within_reach_form_a_surface_of_r_plus_d_out_minus_one_dimensions() -> None:
    W, adapter = weight(D_OUT, D_IN), moved(6)
    reach = jacobian_rank(lambda v: restore(adapter, v).delta(W), flatten(adapter))
    assert reach == 6 + D_OUT - 1 < parameters(VeRA, D_OUT, D_IN, rank=6) < D_OUT * D_IN


def test_layers_of_one_shape_share_their_random_matrices() -> None:
    one, other = (
        VeRA.init(weight(D_OUT, D_IN, layer), np.random.default_rng(5)) for layer in range(2)
    )
    assert (one.A == other.A).all()
    assert (one.B == other.B).all()


@pytest.mark.parametrize("rank", [16, 64, 128])
def test_size_of_the_change_does_not_depend_on_the_rank(rank: int) -> None:
    W = weight(64, 64)
    fresh = VeRA.init(W, np.random.default_rng(1), rank=rank)
    delta = replace(fresh, lambda_b=np.ones(64)).delta(W)
    assert 0.18 < np.linalg.norm(delta) / np.linalg.norm(W) < 0.22


def test_only_lambda_b_moves_at_first() -> None:
    W, fresh = weight(D_OUT, D_IN), VeRA.init(weight(D_OUT, D_IN), np.random.default_rng(1))
    assert not replace(fresh, lambda_d=fresh.lambda_d + 1).delta(W).any()
    assert replace(fresh, lambda_b=fresh.lambda_b + 1).delta(W).all()
