"""Consequences of LLaMA Pro's formula."""

from functools import partial
from itertools import product

import numpy as np
import pytest

from adapters_np.budget import explained
from adapters_np.control import without
from adapters_np.core import Adapter, parameters
from adapters_np.fit import last
from adapters_np.layers import feed_forward
from adapters_np.linalg import row_norms
from adapters_np.methods.bottleneck import Bottleneck
from adapters_np.methods.llama_pro import LLaMAPro
from demos import worlds
from demos.ways import train
from demos.world import toy
from tests.toy import stepped, tokens, weight

W, X = weight(48, 32), tokens(32, 40)
moved = partial(stepped, LLaMAPro, W)


def test_a_fresh_block_is_a_copy_that_hands_on_what_it_gets() -> None:
    fresh = LLaMAPro.init(W, np.random.default_rng(0), width=8)
    np.testing.assert_array_equal(fresh.D, W[:8])
    np.testing.assert_array_equal(fresh.forward(W, X), feed_forward(W, X))
    whole = LLaMAPro(W, W.T)  # with all units, and what they write, the old block once more
    np.testing.assert_allclose(whole.forward(W, X), feed_forward(W, feed_forward(W, X)))


def test_it_is_a_bottleneck_adapter_behind_its_block_without_shifts() -> None:
    adapter, h = moved(width=4), feed_forward(W, X)
    behind = Bottleneck(adapter.D, np.zeros(4), adapter.U, np.zeros(32), 1.0, False, "relu")
    np.testing.assert_allclose(behind.forward(np.eye(32), h), adapter.forward(W, X), atol=1e-12)
    assert parameters(LLaMAPro, 48, 32, width=4) == 2 * 4 * 32


@pytest.mark.long
def test_random_units_read_as_strongly_as_copies_and_learn_a_real_change_as_well() -> None:
    gaps = []
    for world, seed in product(("real", "real_memory"), range(2)):
        layer = toy(base="trained_up", size="16x16", seed=seed)
        seen, _ = worlds.tokens(16, seed, 32)
        target = feed_forward(layer.W + worlds.change(world, layer.W, seed, layer.base), seen)
        rng = np.random.default_rng(seed)
        copy = LLaMAPro.init(layer.W, rng, width=4)
        drawn = without("llama_pro", "random units", copy, layer.W, rng)
        assert isinstance(drawn, LLaMAPro)
        np.testing.assert_allclose(row_norms(drawn.D), row_norms(copy.D))
        starts: tuple[Adapter, ...] = (copy, drawn)
        ends = [last(train(a, layer.W, target, seen, 60, 0.01)).error for a in starts]
        assert min(map(explained, ends)) > 0.5
        gaps.append(explained(ends[0]) - explained(ends[1]))
    assert np.mean(gaps) == pytest.approx(0, abs=0.05)
