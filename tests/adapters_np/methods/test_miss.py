"""Claims of MiSS's paper, and of PEFT on its variants."""

from functools import partial

import numpy as np

from adapters_np.methods.miss import MiSS
from tests.toy import stepped, weight

moved = partial(stepped, MiSS, weight(48, 64), rank=8)


def test_mini_has_the_smaller_of_both_ranks_and_repeats_rows() -> None:
    delta = moved(rank=8, output_repeats=8).delta(weight(48, 64))
    assert np.linalg.matrix_rank(delta) == 48 // 8
    np.testing.assert_array_equal(delta[6:], delta[:-6])


def test_bat_reaches_full_rank_and_depends_on_the_weight() -> None:
    adapter = moved(rank=8, bat=True)
    assert np.linalg.matrix_rank(adapter.delta(weight(48, 64))) == 48
    assert np.abs(adapter.delta(weight(48, 64)) - adapter.delta(weight(48, 64, seed=1))).max() > 0.1
    plain = moved(rank=8)
    np.testing.assert_array_equal(plain.delta(weight(48, 64)), plain.delta(weight(48, 64, seed=1)))
