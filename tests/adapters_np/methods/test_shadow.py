"""Consequences of ShadowPEFT's formula."""

import math
from dataclasses import replace
from functools import partial

import numpy as np

from adapters_np.layers import gelu
from adapters_np.methods.shadow import Shadow
from tests.toy import stepped, tokens, weight

W, X = weight(48, 32), tokens(32)
moved = partial(stepped, Shadow, W)


def test_gelu_is_exact() -> None:
    x = np.linspace(-12, 12, 97)
    exact = [v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in x]
    np.testing.assert_allclose(gelu(x), exact, atol=1e-13)


def test_the_correction_lies_in_as_many_directions_as_the_rank() -> None:
    adapter = moved(rank=3, width=4)
    correction = adapter.correction(X, adapter.first(X))
    assert np.linalg.matrix_rank(correction) == 3


def test_a_closed_gate_keeps_the_first_shadow_and_an_open_one_forgets_it() -> None:
    adapter, s = moved(blocks=2), tokens(32, seed=9)
    for logit, kept in ((-50.0, True), (50.0, False)):
        outward = adapter.outward * np.array([1, 0])[:, None, None]
        outer = np.array([adapter.outer[0], np.full(32, logit)])
        _, after = replace(adapter, outward=outward, outer=outer).update(X, s)
        assert np.allclose(after, s) == kept
