"""PEFT's adaption prompt."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.llama_adapter import LLaMAAdapter
from adapters_np.methods.prefix_tuning import PrefixTuning
from tests.parity.cases import Case, of

claims = of("ADAPTION_PROMPT", kind=None)


def gated(case: Case) -> Iterator[PrefixTuning]:
    """Yield the gated prefix that our adapter makes for every head.

    PEFT's gate is a factor of any size, ours is a tanh: the gate is 1 here and the values take the
    rest of the factor.
    """
    _, heads, _, d_head = case["queries"].shape
    adapter = LLaMAAdapter(case["param.adaption_prompt"][0].T, np.ones(1))
    W_K, W_V = (case[f"W.{k}_proj"].reshape(-1, d_head, len(adapter.P)) for k in ("k", "v"))
    sharing = heads // len(W_K)  # how many query heads read from the same keys
    factor = case["param.adaption_gate"] / np.tanh(adapter.g)
    for h in range(heads):
        K, V = W_K[h // sharing], factor * W_V[h // sharing]
        yield adapter.prefix(np.vstack([K, K, V, V]))  # of queries and outputs it reads none


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    for row, queries in enumerate(case["queries"]):  # (heads, seq, d_head)
        added = [
            np.tanh(prefix.g) * prefix.read(q.T)
            for prefix, q in zip(gated(case), queries, strict=True)
        ]
        y = case["y_base"][row].T + case["W.o_proj"] @ np.concatenate(added)
        yield f"y[{row}]", y, case["y"][row].T
