"""Claims of VeRA's paper."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from adapters_np.core import flatten, parameters, restore
from adapters_np.methods.vera import VeRA
from tests.toy import jacobian_rank, stepped, weight

D_OUT, D_IN = 20, 24
moved = partial(stepped, VeRA, weight(D_OUT, D_IN), rank=6)


def test_changes_within_reach_form_a_surface_of_r_plus_d_out_minus_one_dimensions() -> None:
    W, adapter = weight(D_OUT, D_IN), moved(rank=6)
    reach = jacobian_rank(lambda v: restore(adapter, v).delta(W), flatten(adapter))
    assert reach == 6 + D_OUT - 1 < parameters(VeRA, D_OUT, D_IN, rank=6) < D_OUT * D_IN


@pytest.mark.parametrize("rank", [16, 64, 128])
def test_size_of_the_change_does_not_depend_on_the_rank(rank: int) -> None:
    W = weight(64, 64)
    fresh = VeRA.init(W, np.random.default_rng(1), rank=rank)
    delta = replace(fresh, lambda_b=np.ones(64)).delta(W)
    assert 0.18 < np.linalg.norm(delta) / np.linalg.norm(W) < 0.22
