"""Arms of other people's predictions that no module of a method has.

LoRA with a trained gain for each output, PiSSA with a split after whitening, the methods of the
grid where a matrix reads the residual stream, and LoRA that is trained otherwise (recipes.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Self

import jax
import numpy as np

from adapters_np.core import Adapter, Frozen, Learned, WeightAdapter
from adapters_np.linalg import Array, thin_svd
from adapters_np.methods.dora import DoRA
from adapters_np.methods.pissa import PiSSA
from scripts.studies import decoder, tasks, tokens
from scripts.studies.adapting import PLACES, Adapted, Method
from scripts.studies.copies import READERS
from scripts.studies.decoder import LAYERS, Hooks
from scripts.studies.experiment import METHODS

STREAM = "stream"
FROM_NORM, FROM_ONE, WHITENED = "gain from the norm", "gain from one", "whitened"
LORA = METHODS["lora 4"]
ARMS = {
    FROM_NORM: replace(METHODS["dora 4"], arm=FROM_NORM),
    FROM_ONE: replace(METHODS["dora 4"], arm=FROM_ONE),
    WHITENED: replace(METHODS["pissa 4"], arm=WHITENED),
    "hira 4": Method.of("hira", knobs={"rank": 4}),
    **{f"lora+ {n}": replace(LORA, arm=f"B at {n} times the rate") for n in (4, 16)},
    "alpha 16": Method.of("lora", knobs={"rank": 4, "alpha": 16 * 8.0}),
    "lora-fa": replace(LORA, arm="A frozen"),
    "preconditioned": replace(LORA, arm="preconditioned"),
    **{f"plain {r}": Method.of("lora", knobs={"rank": r, "alpha": 8.0}) for r in (1, 16, 64)},
    **{
        f"stable {r}": Method.of("lora", knobs={"rank": r, "alpha": 4.0, "rank_stabilised": True})
        for r in (1, 16, 64)
    },
}  # fmt: skip
"""Arms that the grid of the experiment does not have, by name."""


def method(name: str, place: str) -> Method:
    return replace(ARMS[name] if name in ARMS else METHODS[name], place=place)


@dataclass(frozen=True, eq=False)
class Gained(WeightAdapter):
    """LoRA with a trained gain for each output, in a unit that stays: diag(m / u) (W + s B A).

    It has as many parameters as DoRA of its rank.
    """

    A: Annotated[Array, Learned("rank, d_in")]
    B: Annotated[Array, Learned("d_out, rank")]
    m: Annotated[Array, Learned("d_out")]
    u: Annotated[Array, Frozen("d_out")]
    s: float

    @classmethod
    def init(
        cls, W: Array, rng: np.random.Generator, *, rank: int = 8, alpha: float = 16.0
    ) -> Self:
        return cls.of(DoRA.init(W, rng, rank=rank, alpha=alpha), FROM_NORM)

    @classmethod
    def of(cls, fresh: DoRA, arm: str) -> Self:
        m = fresh.m if arm == FROM_NORM else np.ones_like(fresh.m)
        return cls(fresh.A, fresh.B, m, m, fresh.s)

    def delta(self, W: Array) -> Array:
        return (self.m / self.u)[:, None] * (W + self.s * self.B @ self.A) - W


def whitened(fresh: PiSSA, W: Array, C: Array) -> PiSSA:
    """Return PiSSA with the split of W C^½, for inputs of the second moment C, (d_in, d_in)."""
    squares, V = np.linalg.eigh(C)
    root = V * np.sqrt(squares) @ V.T
    U, sigma, Vt = thin_svd(W @ root)
    rank = len(fresh.A)
    share = np.sqrt(sigma[:rank] / fresh.s)
    A, B = np.linalg.solve(root, (share[:, None] * Vt[:rank]).T).T, U[:, :rank] * share
    return replace(fresh, A=A, B=B, A_0=A, B_0=B)


def moments(p: decoder.Weights, ids: tokens.Ids) -> dict[str, list[Array]]:
    """Return the second moments of what the norms of each layer hand on, each (d, d)."""
    found: dict[str, list[Array]] = {name: [] for name in READERS}

    def handed(name: str, i: int, x: Any) -> Any:
        h = decoder.norm(x, p[name][i])
        rows = np.asarray(h, float).reshape(-1, h.shape[-1])
        found[name].append(rows.T @ rows / len(rows))
        return h

    x = p["embedding"][ids] + p["positions"][: ids.shape[1]]
    for i in range(LAYERS):
        x = x + decoder.attend(p, i, handed("before_attention", i, x), Hooks())
        x = x + jax.nn.gelu(handed("before_inner", i, x) @ p["up"][i].T) @ p["down"][i].T
    return found


@cache
def read(task: str) -> tokens.Ids:
    """Return text of a task to whiten by: 64 pieces that no run is judged by."""
    pieces = tasks.order(task, 0, 16, 4)
    return pieces.reshape(-1, pieces.shape[-1])[:, :-1]


class Armed(Adapted):
    places = PLACES | {STREAM: {"square": ("q", "k", "v"), "up": ("up",)}}

    def __init__(self, method: Method, base: dict[str, Array], task: str) -> None:
        self.moments = moments(base, read(task)) if method.arm == WHITENED else {}
        super().__init__(method, base)

    def _adapters(self, seed: int) -> dict[str, list[Adapter]]:
        found = super()._adapters(seed)
        if self.method.arm in (FROM_NORM, FROM_ONE):
            return {g: [Gained.of(a, self.method.arm) for a in own] for g, own in found.items()}  # type: ignore[arg-type]
        if self.method.arm != WHITENED:
            return found
        at = {kind: name for name, kinds in READERS.items() for kind in kinds}
        layers = range(self.layers)
        return {
            group: [
                whitened(own.pop(0), self.base[kind][i].astype(float), self.moments[at[kind]][i])  # type: ignore[arg-type]
                for kind in self.places[self.method.place][group]
                for i in layers
            ]
            for group, own in found.items()
        }
