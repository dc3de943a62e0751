"""Claims of the paper on multitask prompts."""

from dataclasses import replace

import numpy as np

from adapters_np.core import parameters, perturbed
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


def test_a_target_task_of_t5_base_has_the_papers_share_of_parameters() -> None:
    count = parameters(MultitaskPromptTuning, 4 * 768, 768, tokens=100)
    assert count == 77_668
    assert f"{count / 223e6:.3%}" == "0.035%"
