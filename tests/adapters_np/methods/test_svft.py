"""Claims of SVFT's paper."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from adapters_np.core import parameters
from adapters_np.linalg import thin_svd
from adapters_np.methods.svft import SVFT
from tests.toy import stepped, weight

Pattern = Literal["banded", "random", "top"]
every_pattern = pytest.mark.parametrize("pattern", ["banded", "random", "top"])
SQUARE, TALL = weight(48, 48), weight(64, 48)


def moved(W: np.ndarray, band: int = 2, pattern: Pattern = "banded") -> SVFT:
    return stepped(SVFT, W, band=band, pattern=pattern)


@every_pattern
def test_change_connects_only_the_chosen_singular_vectors(pattern: Pattern) -> None:
    adapter = moved(SQUARE, 2, pattern)
    U, _, Vt = thin_svd(SQUARE)
    core = U.T @ adapter.delta(SQUARE) @ Vt.T
    np.testing.assert_allclose(core, adapter.coefficients(), atol=1e-12)
    assert (np.abs(core) > 1e-9).sum() == len(adapter.m) == 234


def test_all_entries_reach_every_target_of_a_square_weight_and_not_of_a_tall_one() -> None:
    def gap(W: np.ndarray) -> float:
        target = weight(W.shape[0], W.shape[1], seed=5)
        n = min(W.shape)
        adapter = SVFT.init(W, np.random.default_rng(0), band=n - 1)
        M = adapter.U.T @ (target - W) @ adapter.Vt.T
        reached = W + replace(adapter, m=M[adapter.rows, adapter.columns]).delta(W)
        return float(np.linalg.norm(target - reached) / np.linalg.norm(target))

    assert gap(SQUARE) < 1e-12
    assert gap(TALL) > 0.4


@every_pattern
@pytest.mark.parametrize("band", [0, 1, 8])
def test_all_patterns_train_as_many_entries_as_the_band(band: int, pattern: Pattern) -> None:
    count = 48 * (2 * band + 1) - band * (band + 1)
    adapter = moved(SQUARE, band, pattern)
    assert len({*zip(adapter.rows, adapter.columns, strict=True)}) == count
    assert parameters(SVFT, 48, 48, band=band, pattern=pattern) == count


def test_top_pattern_takes_the_pairs_of_vectors_that_agree_most() -> None:
    adapter = moved(SQUARE, 1, "top")
    agreement = np.abs(adapter.U.T @ adapter.Vt.T)
    taken = np.zeros_like(agreement, bool)
    taken[adapter.rows, adapter.columns] = True
    assert agreement[taken].min() >= agreement[~taken].max()
