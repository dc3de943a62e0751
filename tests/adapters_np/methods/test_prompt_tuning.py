"""Claims of the paper on prompts in the input."""

from functools import partial

import numpy as np

from adapters_np.layers import split_heads
from adapters_np.methods.prefix_tuning import PrefixTuning
from adapters_np.methods.prompt_tuning import PromptTuning
from tests.toy import stepped, tokens, weight

W, X = weight(64, 16), tokens(16, 6)
moved = partial(stepped, PromptTuning, W, tokens=4)


def test_in_one_layer_a_prompt_is_the_prefix_that_the_projections_make_of_it() -> None:
    _, W_K, W_V, _ = split_heads(W)[:, 0]
    prompt = moved()
    prefix = PrefixTuning(W_K @ prompt.P, W_V @ prompt.P, np.zeros(0))
    np.testing.assert_allclose(prompt.forward(W, X), prefix.forward(W, X), atol=1e-12)
    np.testing.assert_allclose(prompt.virtual_share(W, X), prefix.virtual_share(W, X), atol=1e-12)
