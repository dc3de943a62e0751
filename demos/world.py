"""The toy world: seeded base weights and tokens for an adapter to act on."""

import io
import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

import numpy as np

from adapters_np.errors import KnobError
from adapters_np.knobs import Range
from adapters_np.linalg import Array, thin_svd

TRAINED: Mapping[str, str] = {
    "v": "trained", "q": "trained_q", "k": "trained_k", "o": "trained_o", "up": "trained_up",
    "down": "trained_down",
}  # fmt: skip
"""The kinds of weight that the experiment's small model has, as knobs name them."""

TASKS = ("code", "prose", "memory")
"""Fine-tuning tasks of the small model."""

SIDE = 64


class World(NamedTuple):
    """A frozen weight, the tokens that pass through it, and how far training is imagined to go."""

    W: Array
    X: Array
    svd: tuple[Array, Array, Array]
    seed: int
    step: float
    base: str

    def rng(self, purpose: Literal["init", "step"]) -> np.random.Generator:
        """Return a generator that depends on the seed and the purpose only."""
        return np.random.default_rng([self.seed, {"init": 1, "step": 2}[purpose]])


def toy(
    *,
    base: Literal[
        "power_law",
        "gaussian",
        "low_rank",
        "clustered",
        "trained",
        "trained_q",
        "trained_k",
        "trained_o",
        "trained_up",
        "trained_down",
    ] = "power_law",
    exponent: Annotated[float, Range(0.1, 2.0, 0.1)] = 0.8,
    size: Literal["64x64", "16x16", "32x32", "128x128", "64x32", "32x64"] = "64x64",
    seed: Annotated[int, Range(0, 99)] = 0,
    step: Annotated[float, Range(0.0, 1.0, 0.05)] = 0.5,
) -> World:
    """Return a toy layer whose rows have norm 1 in the root mean square.

    Args:
        base: The spectrum of the frozen weight. `power_law`: singular values fall as
            index^(−exponent). `gaussian`: independent entries. `low_rank`: eight strong directions
            plus noise. `clustered`: rows grouped around four directions, so that angles between
            neurons mean something. `trained`: the value matrix in the second layer of the
            experiment's small language model, 64 × 64, or its corner; `trained_q` and the others:
            the queries, keys and outputs beside it, and the first 64 × 64 of its feed-forward
            matrices.
        exponent: How fast the power law falls; the other kinds ignore it.
        size: Rows × columns of the weight (outputs × inputs).
        seed: Fixes the weight, the tokens, the adapter's start and the step.
        step: The size of the random step of the learned arrays, which stands in for training.

    Raises:
        ValueError: when the trained weight is smaller than the size asked for.
    """
    d_out, d_in = map(int, size.split("x"))
    W, X, svd = _layer(base, exponent if base == "power_law" else 0.0, d_out, d_in, seed)
    return World(W, X, svd, seed, step, base)


def trained(base: str, d_out: int, d_in: int) -> tuple[Array, dict[str, Array]]:
    """Return a weight of the experiment's small model and what fine-tuning changed in it.

    Both are corners. `scripts.studies.changes` wrote the file.

    Args:
        base: One of the values of `TRAINED`.
        d_out: Rows.
        d_in: Columns.

    Returns:
        W, (d_out, d_in), and ΔW by the task of `TASKS`, each (d_out, d_in).

    Raises:
        ValueError: when the weight is smaller.
    """
    if max(d_out, d_in) > SIDE:
        rule = f"is larger than the trained weight, which is {SIDE}x{SIDE}: choose a smaller size"
        raise KnobError("size", f"{d_out}x{d_in}", f"{rule}, or another kind of weight")
    before, *changes = _stages()[list(TRAINED.values()).index(base)][:, :d_out, :d_in]
    return before, dict(zip(TASKS, changes, strict=True))


@lru_cache(maxsize=1)
def _stages() -> Array:
    data = pkgutil.get_data("demos", "trained.npy")
    assert data is not None
    stages: Array = np.load(io.BytesIO(data)).astype(np.float64)
    stages.flags.writeable = False
    return stages


@lru_cache(maxsize=4)
def _layer(
    base: str, exponent: float, d_out: int, d_in: int, seed: int
) -> tuple[Array, Array, tuple[Array, Array, Array]]:
    rng = np.random.default_rng([seed, 0])
    W: Array = rng.normal(size=(d_out, d_in))
    k = min(d_out, d_in)
    if base in TRAINED.values():
        W = trained(base, d_out, d_in)[0].copy()
    elif base == "power_law":
        U, _, Vt = np.linalg.svd(W, full_matrices=False)
        W = U * np.arange(1, k + 1) ** -exponent @ Vt
    elif base == "low_rank":
        strong = min(8, k // 2)
        W = (
            3 * rng.normal(size=(d_out, strong)) @ rng.normal(size=(strong, d_in)) / np.sqrt(strong)
            + 0.5 * W
        )
    elif base == "clustered":
        centres = rng.normal(size=(4, d_in))
        W = 2 * centres[np.arange(d_out) * 4 // d_out] + W
    W *= np.sqrt(d_out) / np.linalg.norm(W)
    X = rng.normal(size=(d_in, 32))
    for array in (W, X):
        array.flags.writeable = False
    return W, X, thin_svd(W)
