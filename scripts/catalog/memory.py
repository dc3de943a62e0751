"""An estimate of the GPU memory that training takes: one declaration for the build and the page.

The formulas count what PyTorch keeps for a decoder of Llama's architecture with a fused attention:
of each norm its input in 32 bits; of attention the queries, the keys and values for every head,
and its output; of the feed-forward the gate, its activation and the other half. Frozen weights keep
no inputs; what an adapter keeps is in `KEPT`. The logits are there in 16 bits, in 32, as
log-probabilities and as a gradient. Fragmentation is not in it.

There are two peaks, and they never coincide: at the loss the logits are there, and no gradient of
the adapter; while a layer is computed back, all gradients may be there, and no logits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapters_np.core import sizes
from adapters_np.expressions import parse, values
from scripts.catalog.counts import SIDES, Model

GIB = 2**30

KEPT = {
    "LORA": "4 * tokens * d_in",
    "LORA dora": "tokens * (4 * d_in + 6 * d_out)",
    "OFT": "4 * tokens * d_in",
    "VERA": "4 * tokens * d_out",
    "DELORA": "4 * tokens * d_in",
    "IA3": "2 * tokens * d_out",
    "IA3 feedforward": "4 * tokens * d_in",
    "ROAD": "8 * tokens * d_out",
    "ADALORA": "4 * tokens * (d_in + d_out)",
    "BOFT": "2 * tokens * (d_in + d_out) + 6 * d_in ** 2",
    "HRA": "4 * tokens * d_in + 4 * (rank + 1) * d_in ** 2 + 8 * d_in * d_out",
    "RANDLORA": "4 * tokens * min(d_in, d_out) + 4 * min(d_in, d_out) ** 2",
    "FOURIERFT": "4 * tokens * d_in + 4 * d_in * d_out",
    "C3A": "4 * tokens * d_in",
    "LOHA": "4 * tokens * d_in + 4 * d_in * d_out",
    "LOKR": "4 * tokens * d_in + 4 * d_in * d_out",
    "MISS": "4 * tokens * rank",
    "MISS bat": "4 * tokens * d_in + 8 * d_in * d_out",
    "VBLORA": "4 * tokens * d_in",
    "SHIRA": "2 * tokens * d_in + 2 * d_in * d_out",
    "PSOFT": "4 * tokens * rank + 20 * rank ** 2",
    "LILY": "4 * tokens * d_in",
    "DEFT": "4 * tokens * (d_in + d_out)",
    "DEFT para": "4 * tokens * d_out",
    "FROD": "2 * tokens * d_in + 2 * d_in ** 2",
    "GLORA": "2 * tokens * d_in + 2 * d_in * d_out",
    "GRALORA": "4 * tokens * d_in",
    "HIRA": "4 * tokens * d_in + 4 * d_in * d_out",
    "OSF": "tokens * (4 * d_in + 8 * min(d_in, d_out))",
    "OSF factors": "4 * tokens * d_in + min(d_in, d_out) * (tokens + d_in + d_out) / 4",
    "PEANUT": "4 * tokens * d_in + 8 * d_in * d_out",
    "PVERA": "4 * tokens * d_out",
    "TINYLORA": "0",
    "UNILORA": "4 * tokens * d_in",
    "WAVEFT": "4 * tokens * d_in + 8 * d_in * d_out",
    "ADAMSS": "0",
    "BEFT": "0",
    "SUPERTUNING": "6 * tokens * d_in + 2.08 * d_in * d_out",
}
"""Bytes that an adapted weight keeps for the backward pass, by the method's name in PEFT.

tests/parity/kept.py has read them off PEFT. A form of a method follows its name. Of the rank only
what may be large is in it. OSF ran in the benchmark before PEFT had its factors.
"""

HELD = {
    "PSOFT": "4 * rank * (d_in + d_out)",
    "FROD": "2 * d_in * d_out",
    "OSF factors": "min(d_in, d_out) * (d_in + d_out) / 8"
    " + (0 if d_in == d_out else 31 * d_in * d_out / 8)",
    "UNILORA": "48 * (d_in + d_out)",
    "SUPERTUNING": "d_in * d_out / 25",
}
"""Bytes that a method keeps beside a weight all the time and does not train."""

BESIDE = {
    # the shadow's own layer, its state at every block, and its own loss, which is never in chunks
    "SHADOW": "4 * hidden * (queries + keys) + 6 * hidden * inner"
    " + tokens * (22 * layers * hidden + 12 * hidden + 3 * (4 * queries + 3 * inner)"
    " + (14 if chunked else 4) * vocabulary)",
    # the table with the new rows, which the head keeps where it is the same table
    "TRAINABLETOKENS": "2 * vocabulary * hidden if tied else 0",
}
"""Bytes that a method keeps of a whole model for the backward pass, over what is given."""

FORMULAS = {
    # bytes that the residual stream and most activations take for a number
    "stream": "2 if bits == 16 else 4",
    # a quantised base keeps its scales beside the weights, and its other weights in 32 bits
    "weights": "held + (2 * total if bits == 16 else linear * (bits + 0.13) / 8"
    " + 4 * (total - linear))",
    "layer": "tokens * (8 * hidden + stream * (4 * queries + 3 * inner)) + kept",
    "stored": "tokens * layers * hidden * stream if checkpointing else layers * layer",
    # loss in chunks: as many tokens at once as leave no more numbers than the hidden states have
    "logits": "(14 if bits == 16 else 12) * tokens * (hidden if chunked else vocabulary)",
    # weight and gradient in 32 bits, and what the optimiser keeps of each
    "adapter": "trained * (8 + state)",
    "loss": "weights + adapter - 4 * trained + stored + logits",
    "backward": "weights + adapter + stored + (layer if checkpointing else 0)"
    " + 2 * stream * tokens * inner",
    "all": "max(loss, backward)",
}
"""Bytes, each from what the reader gives and from the lines above it."""

STATES = {"AdamW": 8, "AdamW in 8 bits": 2, "SGD without momentum": 0}
"""The state that an optimiser keeps of a parameter, in bytes."""


def kept(peft: str, model: Model, names: Iterable[str], tokens: int, rank: int = 0) -> float:
    """Return the bytes that the adapted weights of a layer keep for the backward pass.

    Args:
        peft: One of `KEPT`.
        model: The model.
        names: The adapted weights of a layer; of others nothing is kept.
        tokens: In a batch.
        rank: The adapter's rank, where it has one.

    Raises:
        LookupError: when weights are adapted and nobody has read off PEFT what is kept of them.
    """
    names = tuple(names)
    if names and peft not in KEPT:
        file = "scripts/catalog/memory.py"
        raise LookupError(f"{file}: KEPT: {peft!r} is missing; tests/parity/kept.py reads it off")
    return _over(KEPT, peft, model, names, tokens, rank)


def held(peft: str, model: Model, names: Iterable[str], rank: int = 0) -> float:
    """Return the bytes that a method adds to a model without training them."""
    return model.layers * _over(HELD, peft, model, names, 0, rank)


def beside(peft: str, given: Mapping[str, Any]) -> float:
    """Return the bytes that a method keeps beside a model's layers, over what is given."""
    return float(values(BESIDE.get(peft, "0"), given)[0])


def _over(
    formulas: dict[str, str], peft: str, model: Model, names: Iterable[str], tokens: int, rank: int
) -> float:
    total = 0.0
    for name in filter(SIDES.__contains__, names):
        d_out, d_in = sizes(SIDES[name], **model._asdict())
        inner = peft == "IA3" and name == "down_proj"
        formula = formulas.get("IA3 feedforward" if inner else peft, "0")
        given = {"d_out": d_out, "d_in": d_in, "tokens": tokens, "rank": rank}
        total += values(formula, given)[0]
    return total


def estimate(given: Mapping[str, Any]) -> dict[str, float]:
    """Return the bytes that each part takes, and `all`, the larger of the two peaks.

    Args:
        given: bits, total, linear, trained, state, hidden, queries, inner, layers, vocabulary,
            kept (in a layer), held, tokens (in a batch), checkpointing and chunked.
    """
    found = dict(given)
    for name, formula in FORMULAS.items():
        [found[name]] = values(formula, found)
    return {name: found[name] for name in FORMULAS}


def data() -> dict[str, Any]:
    """Return the formulas for a page, with what optimisers and methods keep."""
    return {
        "formulas": {name: parse(formula)[0] for name, formula in FORMULAS.items()},
        "states": STATES,
        "kept": {name: parse(formula)[0] for name, formula in KEPT.items()},
        "held": {name: parse(formula)[0] for name, formula in HELD.items()},
        "beside": {name: parse(formula)[0] for name, formula in BESIDE.items()},
    }
