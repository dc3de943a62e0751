"""Claims of the paper on multitask prompts."""

import numpy as np

from adapters_np.methods.multitask_prompt_tuning import MultitaskPromptTuning
from adapters_np.methods.prompt_tuning import PromptTuning
from tests.toy import stepped, tokens, weight

W, X = weight(64, 16), tokens(16, 6)


def multitask() -> MultitaskPromptTuning:
    return stepped(MultitaskPromptTuning, W, tokens=6)


def test_multitask_prompt_starts_as_the_shared_one() -> None:
    fresh = MultitaskPromptTuning.init(W, np.random.default_rng(0))
    assert (fresh.prompt().P == fresh.P).all()
    assert (fresh.forward(W, X) == PromptTuning(fresh.P).forward(W, X)).all()
