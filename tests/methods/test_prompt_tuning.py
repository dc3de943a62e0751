"""What the papers say of prompts in the input."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.layers import attention, split_heads
from adapters_np.linalg import Array
from adapters_np.methods.prefix_tuning import PrefixTuning
from adapters_np.methods.prompt_tuning import (
    ContextAwarePromptTuning,
    MultitaskPromptTuning,
    PromptTuning,
)
from tests.toy import tokens, weight

W, X = weight(64, 16), tokens(16, 6)


def moved(m: int = 4) -> PromptTuning:
    rng = np.random.default_rng(1)
    return perturbed(PromptTuning.init(W, rng, tokens=m), rng, 1.0)


def test_in_one_layer_a_prompt_is_the_prefix_that_the_projections_make_of_it() -> None:
    _, W_K, W_V, _ = split_heads(W)[:, 0]
    prompt = moved()
    prefix = PrefixTuning(W_K @ prompt.P, W_V @ prompt.P, np.zeros(0))
    np.testing.assert_allclose(prompt.forward(W, X), prefix.forward(W, X), atol=1e-12)
    np.testing.assert_allclose(prompt.virtual_share(W, X), prefix.virtual_share(W, X), atol=1e-12)


def test_prompt_is_put_before_the_tokens_and_its_outputs_are_dropped() -> None:
    prompt = moved(3)
    read = prompt.prepend(X)
    assert (read[:, :3] == prompt.P).all()
    assert (read[:, 3:] == X).all()
    np.testing.assert_allclose(prompt.forward(W, X), attention(W, read)[:, 3:], atol=0)


def test_order_of_virtual_tokens_does_not_matter_without_positions() -> None:
    prompt = moved()
    shuffled = replace(prompt, P=prompt.P[:, [2, 0, 3, 1]])
    np.testing.assert_allclose(shuffled.forward(W, X), prompt.forward(W, X), atol=1e-12)


def test_virtual_tokens_take_a_share_strictly_between_none_and_all() -> None:
    share = moved().virtual_share(W, X)
    assert share.shape == (6,)
    assert (share > 0).all()
    assert (share < 1).all()


def test_a_fresh_prompt_is_not_the_identity() -> None:
    fresh = PromptTuning.init(W, np.random.default_rng(0))
    assert np.linalg.norm(fresh.forward(W, X) - fresh.base(W, X)) > 0.01


def test_starts_have_the_ranges_of_paper_and_peft() -> None:
    uniform = PromptTuning.init(weight(64, 64), np.random.default_rng(0), tokens=32).P
    normal = PromptTuning.init(weight(64, 64), np.random.default_rng(0), tokens=32, start="normal")
    assert np.abs(uniform).max() <= 0.5
    assert np.abs(uniform.mean()) < 0.03
    assert normal.P.std() == pytest.approx(1, abs=0.05)


def multitask() -> MultitaskPromptTuning:
    rng = np.random.default_rng(1)
    return perturbed(MultitaskPromptTuning.init(W, rng, tokens=6), rng, 1.0)


def test_multitask_prompt_is_a_hadamard_product_with_a_rank_one_matrix() -> None:
    adapter = multitask()
    product = adapter.P * np.outer(adapter.v, adapter.u)
    np.testing.assert_allclose(adapter.prompt().P, product, atol=1e-14)


def test_multitask_prompt_keeps_the_rank_of_the_shared_one() -> None:
    low = np.random.default_rng(2).normal(size=(16, 3)) @ np.ones((3, 6))
    low[:, 1:3] += np.random.default_rng(3).normal(size=(16, 2))
    for P in (low, multitask().P):
        adapter = replace(multitask(), P=P)
        assert (adapter.u != 0).all()
        assert (adapter.v != 0).all()
        assert np.linalg.matrix_rank(adapter.prompt().P) == np.linalg.matrix_rank(P)


def test_multitask_prompt_starts_as_the_shared_one() -> None:
    fresh = MultitaskPromptTuning.init(W, np.random.default_rng(0))
    assert (fresh.prompt().P == fresh.P).all()
    assert (fresh.forward(W, X) == PromptTuning(fresh.P).forward(W, X)).all()


def context(epsilon: float) -> ContextAwarePromptTuning:
    rng = np.random.default_rng(1)
    return perturbed(ContextAwarePromptTuning.init(W, rng, tokens=5, epsilon=epsilon), rng, 1.0)


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


def test_projection_turns_no_shift_and_leaves_small_ones_alone() -> None:
    adapter = context(10.0)
    small = replace(adapter, D=1e-3 * adapter.D)
    np.testing.assert_allclose(small.projected().D[:, :-1], small.D[:, :-1], atol=1e-15)
    D, kept = adapter.D[:, :-1], adapter.projected().D[:, :-1]
    cosine = (D * kept).sum(axis=0) / norms(D) / norms(kept)
    np.testing.assert_allclose(cosine, 1, atol=1e-12)


def test_a_fresh_context_aware_prompt_is_in_context_learning() -> None:
    fresh = ContextAwarePromptTuning.init(W, np.random.default_rng(0), tokens=5)
    assert (fresh.forward(W, X) == attention(W, np.hstack([fresh.E, X]))[:, 5:]).all()
