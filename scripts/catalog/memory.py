"""An estimate of the GPU memory that training takes: one declaration for the build and the page.

The formulas count what PyTorch keeps for a decoder of Llama's architecture with a fused attention:
of each norm its input in 32 bits; of attention the queries, the keys and values for every head,
and its output; of the feed-forward the gate, its activation and the other half. Frozen weights keep
no inputs; what an adapter keeps is said on its page. The logits are there in 16 bits, in 32, as
log-probabilities and as a gradient. Fragmentation is not in it.

There are two peaks, and they never coincide: at the loss the logits are there, and no gradient of
the adapter; while a layer is computed back, all gradients may be there, and no logits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal

from adapters_np.core import sizes
from adapters_np.expressions import parse, values
from scripts.catalog import read
from scripts.catalog.counts import SIDES, Model
from scripts.catalog.records import Memory, Peft

GIB = 2**30

FORMULAS = {
    # bytes that the residual stream and most activations take for a number
    "stream": "2 if bits == 16 else 4",
    # a quantised base keeps its scales beside the weights, and its other weights in 32 bits
    "weights": "held + (2 * total if bits == 16 else linear * (bits + 0.13) / 8"
    " + 4 * (total - linear))",
    "layer": "tokens * (8 * hidden + stream * (4 * queries + 3 * inner)) + kept",
    "stored": "tokens * layers * hidden * stream if checkpointing else layers * layer",
    # loss in chunks: as many tokens at once as leave no more numbers than the hidden states have;
    # a head in 32 bits is kept in 16 as well, for the gradient of its inputs
    "logits": "(14 if bits == 16 else 12) * tokens * (hidden if chunked else vocabulary)"
    " + (0 if bits == 16 else 2 * hidden * vocabulary)",
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


NOTHING = Memory()


@cache
def of_peft() -> dict[str, Memory]:
    pefts = (m.peft for m in read().methods.values())
    return {name: memory for p in pefts if isinstance(p, Peft) for name, memory in p.memory.items()}


def kept(peft: str, model: Model, names: Iterable[str], tokens: int, rank: int = 0) -> float:
    """Return the bytes that the adapted weights of a layer keep for the backward pass.

    Args:
        peft: A method's name in PEFT, and the form of it.
        names: The adapted weights of a layer; of others nothing is kept.
        tokens: In a batch.
        rank: The adapter's rank, where it has one.

    Raises:
        LookupError: when weights are adapted and nobody has read off PEFT what is kept of them.
    """
    names = tuple(names)
    if names and not of_peft().get(peft, NOTHING).kept:
        hint = "its method's page says it under peft.memory; tests/parity/kept.py reads it off"
        raise LookupError(f"What {peft!r} keeps is missing: {hint}")
    return _over("kept", peft, model, names, tokens, rank)


def held(peft: str, model: Model, names: Iterable[str], rank: int = 0) -> float:
    return model.layers * _over("held", peft, model, names, 0, rank)


def beside(peft: str, given: Mapping[str, Any]) -> float:
    """Return the bytes that a method keeps beside a model's layers, over what is given."""
    return float(values(of_peft().get(peft, NOTHING).beside or "0", given)[0])


def _over(
    part: Literal["kept", "held"],
    peft: str,
    model: Model,
    names: Iterable[str],
    tokens: int,
    rank: int,
) -> float:
    total = 0.0
    for name in filter(SIDES.__contains__, names):
        d_out, d_in = sizes(SIDES[name], **model._asdict())
        inner = peft == "IA3" and name == "down_proj"
        memory = of_peft().get("IA3 feedforward" if inner else peft, NOTHING)
        given = {"d_out": d_out, "d_in": d_in, "tokens": tokens, "rank": rank}
        total += values(getattr(memory, part) or "0", given)[0]
    return total


def estimate(given: Mapping[str, Any]) -> dict[str, float]:
    """Return the bytes that each part takes, and `all`, the larger of the two peaks.

    Args:
        given: bits, total, linear, trained, state, hidden, queries, inner, layers, vocabulary,
            kept (in a layer), held, tokens (in a batch), checkpointing and chunked.
    """
    parts = dict(given)
    for name, formula in FORMULAS.items():
        [parts[name]] = values(formula, parts)
    return {name: parts[name] for name in FORMULAS}


def data() -> dict[str, Any]:
    return {
        "formulas": {name: parse(formula)[0] for name, formula in FORMULAS.items()},
        "states": STATES,
        **{
            part: {
                name: parse(getattr(memory, part))[0]
                for name, memory in of_peft().items()
                if getattr(memory, part)
            }
            for part in Memory.model_fields
        },
    }
