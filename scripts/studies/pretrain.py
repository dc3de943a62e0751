"""Make the base model: a decoder that has read speeches and a little code.

    python3 -m scripts.studies.pretrain --seed 0 --width 64

It writes docs/data/bases/64-0.npz, the weights in half precision, which is what every run starts
from, and 64-0.json beside it: settings, versions, and how the loss fell. The merges of the
vocabulary are in the first file too. Weights of more than a megabyte, those of the sister of width
128, are not committed: they go to .study.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adapters_np.linalg import Array
from scripts.bootstrap import ROOT
from scripts.studies import adam, corpora, decoder, tokens
from scripts.studies.decoder import CONTEXT

FOLDER = ROOT / "docs" / "data" / "bases"
LARGE = ROOT / ".study" / "bases"
STEPS, BATCH, CHUNK = 8000, 16, 100
PEAK = {64: 3e-3, 128: 2e-3}
WARM, DECAY = 200, 0.01
LEARNED_FROM = 2_500_000  # characters of speeches, and 150,000 of script
STRETCHES = {seed: 1 + seed % 3 for seed in range(3, 9)}
"""Which stretch of that length a base model of another vocabulary learns it from, by seed."""


def rate(t: Any, peak: float) -> Any:
    fall = 0.05 + 0.95 * (1 + jnp.cos(jnp.pi * t / STEPS)) / 2
    return peak * jnp.minimum(t / WARM, 1) * fall


def draw(rng: np.random.Generator, text: tokens.Ids, count: int, batch: int = BATCH) -> tokens.Ids:
    starts = rng.integers(0, len(text) - CONTEXT, (count, batch))
    return text[starts[..., None] + np.arange(CONTEXT + 1)]


def spread(text: tokens.Ids, count: int) -> tokens.Ids:
    starts = np.linspace(0, len(text) - CONTEXT - 1, count).astype(int)
    return text[starts[:, None] + np.arange(CONTEXT + 1)]


@partial(jax.jit, static_argnums=2, donate_argnums=0)
def advance(state: Any, texts: Any, peak: float) -> Any:
    """Take a step of AdamW on each batch, the gradient's norm being one at most."""

    def step(state: Any, text: Any) -> Any:
        p, moments = state
        loss, gradient = jax.value_and_grad(decoder.loss)(p, text)
        moments, way = adam.step(moments, adam.clipped(gradient))
        now = rate(moments.steps, peak)
        decayed = jax.tree.map(lambda a, w: w + DECAY * a * (a.ndim > 1), p, way)
        return (jax.tree.map(lambda a, w: a - now * w, p, decayed), moments), loss

    return jax.lax.scan(step, state, texts)


def train(seed: int, width: int) -> None:
    """Train, and write weights and log when it is done: what is half trained is no base model."""
    text = corpora.pretraining("train")
    script = corpora.documents("script")[0]
    start = min(STRETCHES.get(seed, 0) * LEARNED_FROM, len(text) - LEARNED_FROM)
    merges = tokens.learn(text[start : start + LEARNED_FROM] + script[:150_000])
    ids = tokens.encode(text, merges)
    held = corpora.pretraining("validation")
    pieces = spread(tokens.encode(held, merges), 256)
    bytes_each = len(held.encode()) / len(tokens.encode(held, merges))

    p = jax.tree.map(jnp.asarray, decoder.fresh(seed, width))
    state = p, adam.begin(p)
    rng, log, began = np.random.default_rng([seed, 1]), [], time.monotonic()
    for done in range(CHUNK, STEPS + 1, CHUNK):
        state, losses = advance(state, draw(rng, ids, CHUNK), PEAK[width])
        if done % 1000:
            continue
        half = {name: np.asarray(a, np.float16) for name, a in state[0].items()}
        rounded = {name: jnp.asarray(a, jnp.float32) for name, a in half.items()}
        nats = float(jax.jit(decoder.loss)(rounded, pieces))
        line = {"step": done, "train": float(losses.mean()), "held_out": nats}
        log.append({name: round(value, 4) for name, value in line.items()})
        seconds = time.monotonic() - began
        left = seconds * (STEPS / done - 1)
        print(f"{log[-1]} {seconds:.0f} s, {left:.0f} s left", file=sys.stderr, flush=True)
    about = {
        "command": making(seed, width),
        "versions": {"python": platform.python_version(), "jax": jax.__version__},
        "texts": {
            name: f"{c.name} {c.version}"
            for name, c in corpora.CORPORA.items()
            if name in ("speeches", "script")
        },
        "parameters": decoder.count(p),
        "tokens_in_text": len(ids),
        "tokens_seen": STEPS * BATCH * CONTEXT,
        "bytes_a_token": round(bytes_each, 4),
        "bits_a_byte_held_out": round(nats / np.log(2) / bytes_each, 4),
        "log": log,
    }
    save(seed, width, half | {"merges": np.array(merges, np.uint16)}, about)


def save(seed: int, width: int, arrays: dict[str, Any], about: dict[str, Any]) -> None:
    path(seed, width).parent.mkdir(parents=True, exist_ok=True)
    np.savez(path(seed, width), **arrays)
    log = FOLDER / f"{width}-{seed}.json"
    log.write_text(json.dumps(about, indent=1) + "\n", "utf-8")


def path(seed: int, width: int) -> Path:
    return (FOLDER if width == 64 else LARGE) / f"{width}-{seed}.npz"


def making(seed: int, width: int) -> str:
    return f"python3 -m scripts.studies.pretrain --seed {seed} --width {width}"


@cache
def base(seed: int = 0, width: int = 64) -> tuple[dict[str, Array], tokens.Merges]:
    """Return the weights of a base model in single precision, and its vocabulary's merges.

    Raises:
        FileNotFoundError: when it was not made; the text says how to.
    """
    if not path(seed, width).exists():
        raise FileNotFoundError(f"{path(seed, width)} is missing: run {making(seed, width)}")
    with np.load(path(seed, width)) as file:
        arrays = dict(file)
    merges = [(int(a), int(b)) for a, b in arrays.pop("merges")]
    return {name: a.astype(np.float32) for name, a in arrays.items()}, merges


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--width", type=int, default=64, choices=sorted(PEAK))
    chosen = parser.parse_args()
    train(chosen.seed, chosen.width)


if __name__ == "__main__":
    main()
