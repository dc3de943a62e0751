"""PEFT's prefixes, with or without the network that makes them, and its cartridges."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.prefix_tuning import PrefixTuning
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] in ("PREFIX_TUNING", "CARTRIDGE")


def flat(case: Case) -> Array:
    """Return the prefix as PEFT saves it, (tokens, layers · 2 · width)."""
    if case.sidecar["peft_type"] == "CARTRIDGE":  # the first tokens are not trained
        parts = [case.find(f"param.{part}_embedding") for part in ("frozen", "trainable")]
        return np.vstack([part for part in parts if part is not None])
    rows = case["param.embedding.weight"]
    if case.config.get("prefix_projection"):
        for layer in ("0", "2"):
            rows = np.tanh(rows) if layer == "2" else rows
            weight, bias = (case[f"param.transform.{layer}.{part}"] for part in ("weight", "bias"))
            rows = rows @ weight.T + bias
    return rows


def prefixes(case: Case) -> Iterator[tuple[str, PrefixTuning, Array, Array]]:
    """Yield the prefix of every head of every layer, with the keys and values that PEFT hands on.

    The number of heads is read from the latter, since grouped queries have fewer of them.
    """
    layers, _, heads, tokens, d_head = case["y.key"].shape
    parts = flat(case).reshape(tokens, layers, 2, heads, d_head)
    for i, h in np.ndindex(layers, heads):
        keys, values = parts[:, i, :, h].transpose(1, 2, 0)  # (d_head, tokens) each
        theirs = case["y.key"][i, :, h], case["y.value"][i, :, h]
        yield f"layer {i}, head {h}", PrefixTuning(keys, values, np.zeros(0)), *theirs


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    for name, prefix, keys, values in prefixes(case):
        for row in range(len(keys)):
            yield f"keys of {name}, row {row}", prefix.P_K.T, keys[row]
            yield f"values of {name}, row {row}", prefix.P_V.T, values[row]
