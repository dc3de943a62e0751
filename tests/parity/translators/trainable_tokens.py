"""PEFT's TrainableTokensConfig."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.trainable_tokens import TrainableTokens
from tests.parity.cases import Case, of

claims = of("TRAINABLE_TOKENS", kind=None)


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    E, ids = case["W0"], np.array(case.config["token_indices"])
    ours = TrainableTokens(case["param.emb.trainable_tokens_delta"], ids)
    looked_up = ours.lookup(E, case["ids"].ravel().astype(int))
    yield "y", looked_up, case["y"].reshape(-1, E.shape[1]).T
    yield "W_merged", E + ours.delta(E), case["W_merged"]
    yield "original rows", E[ids], case["buffer.emb.trainable_tokens_original"]
