"""Controls: a method with its hypothesis taken out and nothing else changed.

A control of a method is a function in `adapters_np/controls/<slug>.py`,

    @control("relocated")
    def random_bases(fresh: SVFT, W: Array, rng: np.random.Generator) -> SVFT:

that takes a fresh adapter at any knobs and returns one with as many trained parameters that starts
where that one does, or says why not. What it draws it draws from `rng`, so that each seed has a
draw of its own.
*Relocated*: the same structure in coordinates drawn at random. It asks whether these coordinates
matter. *Relaxed*: the same coordinates, the constraint lifted. It asks whether the constraint does.

Here is what controls share: other coordinates around any adapter, and a dense subspace.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Adapter, Frozen, Learned, WeightAdapter
from adapters_np.errors import KnobError
from adapters_np.linalg import Array, cayley

Kind = Literal["relocated", "relaxed"]
Claim = Literal["ahead", "level"]
Build = Callable[[Any, Array, np.random.Generator], Adapter]
Order = NDArray[np.intp]
AnyAdapter = TypeVar("AnyAdapter", bound=Adapter)


@dataclass(frozen=True)
class Control:
    """A way to take a method's hypothesis out."""

    name: str
    kind: Kind
    claim: Claim
    """The hypothesis's claim about the method and this control: that it is ahead, or, where the
    method believes that a choice does not matter and the control makes it, that it is level."""
    build: Build

    def __call__(self, fresh: Adapter, W: Array, rng: np.random.Generator) -> Adapter:
        """Return a fresh method without its hypothesis; W is (d_out, d_in).

        Raises:
            ValueError: when the adapter's knobs leave nothing to take out; it starts `knob=value`.
        """
        return self.build(fresh, W, rng)

    @property
    def sentence(self) -> str:
        """The control's action, as a sentence."""
        return self._parts()[0]

    @property
    def out(self) -> str:
        """The hypothesis, or the part of it, that is taken out."""
        return self._parts()[1]

    @property
    def kept(self) -> str:
        """The structure that is kept besides the number of parameters and the start."""
        return self._parts()[2]

    def _parts(self) -> tuple[str, str, str]:
        head, _, rest = " ".join((inspect.getdoc(self.build) or "").split()).partition("Taken out:")
        out, _, kept = rest.partition("Kept:")
        return head.strip(), out.strip(), kept.partition("Source:")[0].strip()


def control(kind: Kind, claim: Claim = "ahead") -> Callable[[Build], Control]:
    """Declare a function as a control; its name, with spaces, is the control's."""

    def declared(build: Build) -> Control:
        return Control(build.__name__.replace("_", " "), kind, claim, build)

    return declared


@cache
def controls(slug: str) -> Mapping[str, Control]:
    """Return the controls of a method by name, in the order of its file; none where it has none."""
    package = import_module("adapters_np.controls")
    if slug not in {module.name for module in pkgutil.iter_modules(package.__path__)}:
        return MappingProxyType({})
    module = import_module(f"adapters_np.controls.{slug}")
    own = (value for value in vars(module).values() if isinstance(value, Control))
    return MappingProxyType({found.name: found for found in own})


def without(slug: str, name: str, fresh: Adapter, W: Array, rng: np.random.Generator) -> Adapter:
    """Return a fresh adapter without its hypothesis, or as it is where no control is named.

    Raises:
        ValueError: when the method has no such control; it starts `control=name`.
    """
    if not name:
        return fresh
    if name not in controls(slug):
        known = ", ".join(controls(slug)) or "there is none"
        raise KnobError("control", name, f"is none of {slug}: {known}")
    return controls(slug)[name](fresh, W, rng)


# Shared by controls -------------------------------------------------------------------------------


def grown(cls: type[AnyAdapter], fresh: Adapter, **more: Any) -> AnyAdapter:
    """Return an adapter as one of a class derived from its own, with further or other fields."""
    values = {f.name: getattr(fresh, f.name) for f in fields(fresh)}
    return cls(**(values | more))


def orthonormal(rng: np.random.Generator, d: int, k: int | None = None) -> Array:
    """Return k orthonormal columns drawn uniformly (Haar), (d, k); without k a whole basis."""
    Q, R = np.linalg.qr(rng.normal(size=(d, d if k is None else k)))
    return Q * np.sign(np.diag(R))


def symmetric(v: Array, b: int) -> Array:
    """Return symmetric matrices with zero diagonals, (..., b, b), from strict upper triangles.

    >>> symmetric(np.array([1.0, 2.0, 3.0]), 3)
    array([[0., 1., 2.],
           [1., 0., 3.],
           [2., 3., 0.]])
    """
    S = np.zeros((*v.shape[:-1], b, b))
    rows, columns = np.triu_indices(b, 1)
    S[..., rows, columns] = v
    return S + np.swapaxes(S, -1, -2)


def stretches(S: Array) -> Array:
    """Return ((I + S/8)(I − S/8)⁻¹)⁸ for symmetric S, (..., b, b): about exp(2S), pure stretching.

    For a skew Q, `cayley(Q)` is about exp(2Q), pure turning. The eighth part keeps the pole of the
    Cayley map, which no rotation meets, away: it would stand where an eigenvalue of S is 1.
    """
    R = cayley(S / 8)
    for _ in range(3):
        R = R @ R
    return R


@dataclass(frozen=True, eq=False, kw_only=True)
class InOrder(WeightAdapter):
    """Lets an adapter see the inputs in another order: ΔW = delta(W P) Pᵀ."""

    in_order: Annotated[Order, Frozen("d_in")]

    def delta(self, W: Array) -> Array:
        """Return the change in the weight's own order, (d_out, d_in)."""
        change = super().delta(W[:, self.in_order])  # type: ignore[safe-super]
        return change[:, np.argsort(self.in_order)]

    def nearest(self, W: Array, change: Array) -> Self | None:
        """Return the best for a change, or None where the method has no closed form."""
        best = getattr(super(), "nearest", None)
        return best(W[:, self.in_order], change[:, self.in_order]) if best else None

    def shortcut(self, W: Array, X: Array) -> Array:
        """Apply the merged weight."""
        return self.forward(W, X)


@dataclass(frozen=True, eq=False, kw_only=True)
class OutOrder(WeightAdapter):
    """Lets an adapter see the outputs in another order: ΔW = P delta(Pᵀ W)."""

    out_order: Annotated[Order, Frozen("d_out")]

    def delta(self, W: Array) -> Array:
        """Return the change in the weight's own order, (d_out, d_in)."""
        change = super().delta(W[self.out_order])  # type: ignore[safe-super]
        return change[np.argsort(self.out_order)]

    def nearest(self, W: Array, change: Array) -> Self | None:
        """Return the best for a change, or None where the method has no closed form."""
        best = getattr(super(), "nearest", None)
        return best(W[self.out_order], change[self.out_order]) if best else None

    def shortcut(self, W: Array, X: Array) -> Array:
        """Apply the merged weight."""
        return self.forward(W, X)


@dataclass(frozen=True, eq=False, kw_only=True)
class InFrame(WeightAdapter):
    """Lets an adapter see the inputs in another orthonormal basis Q: ΔW = delta(W Q) Qᵀ."""

    in_frame: Annotated[Array, Frozen("d_in, d_in")]

    def delta(self, W: Array) -> Array:
        """Return the change in the weight's own basis, (d_out, d_in)."""
        return super().delta(W @ self.in_frame) @ self.in_frame.T  # type: ignore[safe-super]

    def shortcut(self, W: Array, X: Array) -> Array:
        """Apply the merged weight."""
        return self.forward(W, X)


@dataclass(frozen=True, eq=False, kw_only=True)
class OutFrame(WeightAdapter):
    """Lets an adapter see the outputs in another orthonormal basis Q: ΔW = Q delta(Qᵀ W)."""

    out_frame: Annotated[Array, Frozen("d_out, d_out")]

    def delta(self, W: Array) -> Array:
        """Return the change in the weight's own basis, (d_out, d_in)."""
        change: Array = super().delta(self.out_frame.T @ W)  # type: ignore[safe-super]
        return self.out_frame @ change

    def shortcut(self, W: Array, X: Array) -> Array:
        """Apply the merged weight."""
        return self.forward(W, X)


@dataclass(frozen=True, eq=False)
class Dense(WeightAdapter):
    """A change in a random subspace of all matrices: ΔW = Σ θ_k E_k, the E_k orthonormal.

    E_k = S ⊙ c_i c_jᵀ with a matrix S of random signs and pairs (i, j) drawn without repetition
    among the columns c of the two orthonormal cosine transforms. S leaves the E_k orthonormal,
    since it is its own inverse entry by entry, and makes each of high rank.
    """

    theta: Annotated[Array, Learned("n", unit=0.35)]
    rows: Annotated[Order, Frozen("n")]
    columns: Annotated[Order, Frozen("n")]
    signs: Annotated[Array, Frozen("d_out, d_in")]

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator) -> Self:
        """Start at the identity with as many parameters as W has; see `dense` for fewer."""
        return dense(cls, W, rng, W.size)

    def delta(self, W: Array) -> Array:
        """Return the change, (d_out, d_in); W does not enter."""
        d_out, d_in = W.shape
        F = np.zeros((d_out, d_in))
        F[self.rows, self.columns] = self.theta
        return self.signs * (cosines(d_out) @ F @ cosines(d_in).T)


AnyDense = TypeVar("AnyDense", bound=Dense)


def dense(cls: type[AnyDense], W: Array, rng: np.random.Generator, count: int) -> AnyDense:
    """Return a fresh dense subspace of `count` dimensions for W, (d_out, d_in); all θ are zero.

    Raises:
        ValueError: when W has fewer entries.
    """
    if count > W.size:
        raise KnobError("parameters", count, f"is more than the {W.size} entries of the weight")
    rows, columns = np.divmod(rng.choice(W.size, count, replace=False), W.shape[1])
    return cls(np.zeros(count), rows, columns, rng.choice([-1.0, 1.0], W.shape))


def cosines(d: int) -> Array:
    """Return the orthonormal cosine transform (DCT-II, inverse): a wave a column, (d, d).

    >>> C = cosines(5)
    >>> bool(np.allclose(C.T @ C, np.eye(5)))
    True
    """
    place, wave = np.arange(d)[:, None] + 0.5, np.arange(d)
    size = np.sqrt(np.where(wave == 0, 1.0, 2.0) / d)
    waves: Array = size * np.cos(np.pi * place * wave / d)
    return waves
