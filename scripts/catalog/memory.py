"""What training takes of a GPU's memory, estimated: one declaration for the build and the page.

The formulas count what PyTorch keeps for a decoder of Llama's architecture with a fused attention:
of each norm its input in 32 bits; of attention the queries, the keys and values for every head,
and its output; of the feed-forward the gate, its activation and the other half. Frozen weights keep
no inputs; an adapted one keeps its own in 32 bits, which is the adapter's precision. The logits are
there in 16 bits, in 32, as log-probabilities and as a gradient. Fragmentation is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters_np.expressions import parse, values

GIB = 2**30

FORMULAS = {
    # bytes that the residual stream and most activations take for a number
    "stream": "2 if bits == 16 else 4",
    # a quantised base keeps its scales beside the weights, and its other weights in 32 bits
    "weights": "2 * total if bits == 16 else linear * (bits + 0.13) / 8 + 4 * (total - linear)",
    # weight and gradient in 32 bits, and what the optimiser keeps of each
    "adapter": "trained * (8 + state)",
    "layer": "8 * hidden + stream * (4 * queries + 3 * inner) + 4 * inputs",
    "activations": "tokens * (layers * hidden * stream + layer) if checkpointing"
    " else tokens * layers * layer",
    "logits": "(14 if bits == 16 else 12) * tokens * vocabulary",
    "all": "weights + adapter + activations + logits",
}
"""Bytes, each from what the reader gives and from the lines above it."""

STATES = {"AdamW": 8, "AdamW in 8 bits": 2, "SGD without momentum": 0}
"""What an optimiser keeps of a trained number, in bytes."""

INPUTS = {
    "q_proj": "hidden", "k_proj": "hidden", "v_proj": "hidden", "o_proj": "queries",
    "gate_proj": "hidden", "up_proj": "hidden", "down_proj": "inner",
}  # fmt: skip
"""The width of what goes into a weight."""


def estimate(given: Mapping[str, Any]) -> dict[str, float]:
    """Return the bytes that each part takes, and `all`.

    Args:
        given: bits, total, linear, trained, state, hidden, queries, inner, layers, vocabulary,
            inputs (widths of what goes into the adapted weights of a layer, added up), tokens (in
            a batch) and checkpointing.
    """
    found = dict(given)
    for name, formula in FORMULAS.items():
        [found[name]] = values(formula, found)
    return {name: found[name] for name in ("weights", "adapter", "activations", "logits", "all")}


def data() -> dict[str, Any]:
    """Return the formulas for a page, with what optimisers keep and what goes into weights."""
    formulas = {name: parse(formula)[0] for name, formula in FORMULAS.items()}
    return {"formulas": formulas, "states": STATES, "inputs": INPUTS}
