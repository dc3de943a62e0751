"""Facts that hold when a few rows of an embedding table are trained."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.methods.trainable_tokens import TrainableTokens
from tests.toy import tokens, weight

E = weight(30, 12)


def moved(k: int = 3) -> TrainableTokens:
    rng = np.random.default_rng(1)
    return perturbed(TrainableTokens.init(E, rng, tokens=k), rng, 1.0)


def test_rows_of_other_tokens_stay_bit_for_bit() -> None:
    adapter = moved()
    others = np.setdiff1d(np.arange(30), adapter.ids)
    assert (adapter.table(E)[others] == E[others]).all()
    assert (adapter.table(E)[adapter.ids] == adapter.D).all()


@pytest.mark.parametrize("k", [1, 3, 12, 15])
def test_change_has_k_rows_and_at_most_rank_k(k: int) -> None:
    delta = moved(k).delta(E)
    assert (np.abs(delta).max(axis=1) > 0).sum() == k
    assert np.linalg.matrix_rank(delta) == min(k, 12)


def test_arrays_hold_new_rows_and_not_differences() -> None:
    fresh = TrainableTokens.init(E, np.random.default_rng(0))
    np.testing.assert_array_equal(fresh.D, E[fresh.ids])
    assert not fresh.delta(E).any()
    zero = replace(fresh, D=0 * fresh.D)
    assert not zero.table(E)[fresh.ids].any()


def test_text_without_the_tokens_is_embedded_as_before() -> None:
    adapter = moved()
    others = np.setdiff1d(np.arange(30), adapter.ids)
    assert (adapter.lookup(E, others) == E[others].T).all()
    assert (adapter.lookup(E, adapter.ids) == adapter.D.T).all()


def test_with_a_tied_head_every_input_sees_new_logits_for_the_tokens_and_for_no_others() -> None:
    adapter, states = moved(), tokens(12, 5)
    change = adapter.forward(E, states) - E @ states
    np.testing.assert_allclose(
        change[adapter.ids], (adapter.D - E[adapter.ids]) @ states, atol=1e-12
    )
    assert (np.abs(change[adapter.ids]) > 1e-6).all()
    others = np.setdiff1d(np.arange(30), adapter.ids)
    np.testing.assert_allclose(change[others], 0, atol=1e-15)


def test_copying_the_old_rows_back_restores_the_table_exactly() -> None:
    adapter = moved()
    merged = adapter.table(E)
    assert (replace(adapter, D=E[adapter.ids]).table(merged) == E).all()


def test_tokens_are_distinct() -> None:
    assert len(set(moved(15).ids.tolist())) == 15


def test_more_tokens_than_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="tokens=9 is larger than d_out=8"):
        TrainableTokens.init(weight(8, 4), np.random.default_rng(0), tokens=9)


def test_a_user_who_knows_the_change_trains_the_rows_that_it_moves_most() -> None:
    change = np.zeros(E.shape)
    change[[4, 9, 20]] = [[1.0], [-2.0], [3.0]]
    aimed = moved(2).aimed(E, change)
    assert aimed.ids.tolist() == [9, 20]
    assert (aimed.delta(E) == 0).all()
