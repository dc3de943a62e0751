"""Facts that hold when a few rows of an embedding table are trained."""

from functools import partial

import numpy as np

from adapters_np.methods.trainable_tokens import TrainableTokens
from tests.toy import stepped, weight

E = weight(30, 12)
moved = partial(stepped, TrainableTokens, E, tokens=3)


def test_rows_of_other_tokens_stay_bit_for_bit() -> None:
    adapter = moved()
    others = np.setdiff1d(np.arange(30), adapter.ids)
    assert (adapter.table(E)[others] == E[others]).all()
    assert (adapter.table(E)[adapter.ids] == adapter.D).all()


def test_a_user_who_knows_the_change_trains_the_rows_that_it_moves_most() -> None:
    change = np.zeros(E.shape)
    change[[4, 9, 20]] = [[1.0], [-2.0], [3.0]]
    aimed = moved(tokens=2).aimed(E, change)
    assert aimed.ids.tolist() == [9, 20]
    assert (aimed.delta(E) == 0).all()
