"""Claims of the paper on multitask prompts."""

import numpy as np

from adapters_np.core import perturbed
from adapters_np.methods.multitask_prompt_tuning import MultitaskPromptTuning
from adapters_np.methods.prompt_tuning import PromptTuning
from tests.toy import tokens, weight

W, X = weight(64, 16), tokens(16, 6)


def multitask() -> MultitaskPromptTuning:
    rng = np.random.default_rng(1)
    return perturbed(MultitaskPromptTuning.init(W, rng, tokens=6), rng, 1.0)


def test_multitask_prompt_is_a_hadamard_product_with_a_rank_one_matrix() -> None:
    adapter = multitask()
    product = adapter.P * np.outer(adapter.v, adapter.u)
    np.testing.assert_allclose(adapter.prompt().P, product, atol=1e-14)


def test_multitask_prompt_starts_as_the_shared_one() -> None:
    fresh = MultitaskPromptTuning.init(W, np.random.default_rng(0))
    assert (fresh.prompt().P == fresh.P).all()
    assert (fresh.forward(W, X) == PromptTuning(fresh.P).forward(W, X)).all()
