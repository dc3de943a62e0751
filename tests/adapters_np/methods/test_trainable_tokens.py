"""Facts that hold when a few rows of an embedding table are trained."""

from dataclasses import replace

import numpy as np

from adapters_np.core import perturbed
from adapters_np.methods.trainable_tokens import TrainableTokens
from tests.toy import weight

E = weight(30, 12)


def moved(k: int = 3) -> TrainableTokens:
    rng = np.random.default_rng(1)
    return perturbed(TrainableTokens.init(E, rng, tokens=k), rng, 1.0)


def test_rows_of_other_tokens_stay_bit_for_bit() -> None:
    adapter = moved()
    others = np.setdiff1d(np.arange(30), adapter.ids)
    assert (adapter.table(E)[others] == E[others]).all()
    assert (adapter.table(E)[adapter.ids] == adapter.D).all()


def test_arrays_hold_new_rows_and_not_differences() -> None:
    fresh = TrainableTokens.init(E, np.random.default_rng(0))
    np.testing.assert_array_equal(fresh.D, E[fresh.ids])
    assert not fresh.delta(E).any()
    zero = replace(fresh, D=0 * fresh.D)
    assert not zero.table(E)[fresh.ids].any()


def test_a_user_who_knows_the_change_trains_the_rows_that_it_moves_most() -> None:
    change = np.zeros(E.shape)
    change[[4, 9, 20]] = [[1.0], [-2.0], [3.0]]
    aimed = moved(2).aimed(E, change)
    assert aimed.ids.tolist() == [9, 20]
    assert (aimed.delta(E) == 0).all()


def test_tokens_are_distinct() -> None:
    assert len(set(moved(15).ids.tolist())) == 15
