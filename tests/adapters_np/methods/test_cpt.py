"""Claims of the paper on context-aware prompts."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.linalg import Array
from adapters_np.methods.cpt import ContextAwarePromptTuning
from tests.toy import stepped, tokens, weight

W, X = weight(64, 16), tokens(16, 6)


def context(epsilon: float) -> ContextAwarePromptTuning:
    return stepped(ContextAwarePromptTuning, W, tokens=5, epsilon=epsilon, step=10.0)


def norms(D: Array) -> Array:
    return np.asarray(np.linalg.norm(D, axis=0))


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 10.0])
def test_projection_caps_every_shift_and_leaves_the_label_where_it_is(epsilon: float) -> None:
    adapter = context(epsilon)
    kept = adapter.projected()
    cap = epsilon * np.sqrt(16 / 2048)
    assert (norms(kept.D) <= cap + 1e-12).all()
    assert (norms(adapter.D)[:-1] > cap).any()
    assert not kept.D[:, -1].any()
    assert (kept.prompt().P[:, -1] == adapter.E[:, -1]).all()


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 1.0])
def test_no_step_however_large_takes_a_token_beyond_its_cap(epsilon: float) -> None:
    adapter = context(epsilon)
    far = replace(adapter, D=1e6 * adapter.D)
    shift = far.prompt().P - adapter.E
    assert (norms(shift) <= adapter.caps + 1e-9).all()
    np.testing.assert_allclose(far.forward(W, X), far.projected().forward(W, X), atol=1e-12)


def test_projection_turns_no_shift_and_leaves_small_ones_alone() -> None:
    adapter = context(10.0)
    small = replace(adapter, D=1e-3 * adapter.D)
    np.testing.assert_allclose(small.projected().D[:, :-1], small.D[:, :-1], atol=1e-15)
    D, kept = adapter.D[:, :-1], adapter.projected().D[:, :-1]
    cosine = (D * kept).sum(axis=0) / norms(D) / norms(kept)
    np.testing.assert_allclose(cosine, 1, atol=1e-12)
