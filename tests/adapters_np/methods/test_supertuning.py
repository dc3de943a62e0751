"""Consequences of the formula of Super-Tuning."""

from functools import partial

import numpy as np

from adapters_np.methods.shira import SHiRA
from adapters_np.methods.supertuning import SuperTuning
from tests.toy import stepped, weight

W = weight(48, 64)
moved = partial(stepped, SuperTuning, W)


def test_super_is_shira_with_the_mask_of_magnitudes() -> None:
    adapter, rng = moved(rank=0), np.random.default_rng(0)
    shira = SHiRA.init(W, rng, density=0.05, mask="magnitude")
    places = [set(zip(a.rows, a.columns, strict=True)) for a in (adapter, shira)]
    assert places[0] == places[1]
