"""What an adapter is: a frozen record of arrays that changes what a frozen layer computes.

A method is one final class in `adapters_np/methods/<slug>.py`. It declares its arrays as fields,

    A: Annotated[Array, Learned("rank, d_in")]

its knobs as the keyword arguments of `init`, and its mathematics in `delta` (where the adapter
amounts to
another weight) or in `forward`. Everything else is derived here from these declarations: the
sliders, the
table of arrays, the parameter count and the step that stands in for training.

Columns are tokens: `W` is (d_out, d_in), `X` is (d_in, n), the layer is `W @ X`, a neuron is a row
of `W`.
"""

from __future__ import annotations

import inspect
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import import_module
from math import ceil
from types import MappingProxyType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    Protocol,
    Self,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
    runtime_checkable,
)

import numpy as np

from adapters_np import layers
from adapters_np.linalg import Array


class Learned(NamedTuple):
    """A trained array.

    `shape` is a tuple written in Python over `d_out`, `d_in` and the knobs, such as `"rank, d_in"`.
    `unit` is how far a step of size 1 moves an entry (one standard deviation). `shared`: one array
    serves all adapted layers of a model.
    """

    shape: str
    unit: float = 1.0
    shared: bool = False


class Frozen(NamedTuple):
    """An array that is set at the start and never trained; `shape` as in `Learned`."""

    shape: str


class Range(NamedTuple):
    """The values of a numeric knob, both ends included, and the letter that papers write for it."""

    low: float
    high: float
    step: float = 1
    letter: str = ""


Place = Literal["weight", "attention", "keys", "norm", "layer", "model"]
"""A weight matrix, the attention of a layer, its keys and values (narrower than the queries where
these share them), a norm, the hidden state of a layer, or the model.
"""

Rank = Annotated[int, Range(1, 16, letter="r")]
Alpha = Annotated[float, Range(1, 64, letter="α")]


@dataclass(frozen=True, eq=False)
class Adapter(ABC):
    """A value that holds everything that changes what a frozen layer computes."""

    starts_at_identity: ClassVar[bool] = True
    """Whether a fresh adapter leaves the layer's output as it is."""

    place: ClassVar[Place] = "weight"
    """What one adapter belongs to: a model has that many."""

    gauges: ClassVar[tuple[str, ...]] = ("rank", "stable_rank", "relative_norm", "parameters")
    """The numbers that tell this method's story, by their names in `demos/probe.py`."""

    @classmethod
    @abstractmethod
    def init(cls, W: Array, rng: np.random.Generator) -> Self:
        """Return a fresh adapter for the weight `W`; subclasses add their knobs as keywords."""

    @abstractmethod
    def forward(self, W: Array, X: Array) -> Array:
        """Return the adapted layer's output for the token columns `X`, (d_in, n)."""

    def base(self, W: Array, X: Array) -> Array:
        """Return the frozen layer's output: what `forward` is compared with."""
        return W @ X

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return what `forward` does, by the cheaper route of training, where a method has one."""
        return self.forward(W, X)


@dataclass(frozen=True, eq=False)
class WeightAdapter(Adapter):
    """An adapter that amounts to another weight: W' = W + delta(W)."""

    @abstractmethod
    def delta(self, W: Array) -> Array:
        """Return the change to `W`, of the same shape."""

    def forward(self, W: Array, X: Array) -> Array:
        """Apply the merged weight."""
        return (W + self.delta(W)) @ X


@dataclass(frozen=True, eq=False)
class AttentionAdapter(Adapter):
    """An adapter inside attention; `W` stacks W_Q, W_K, W_V, W_Oᵀ (see `layers.attention`)."""

    def base(self, W: Array, X: Array) -> Array:
        """Return the frozen head's output, (d_in, n)."""
        return layers.attention(W, X)


AnyAdapter = TypeVar("AnyAdapter", bound=Adapter)


@runtime_checkable
class Rotates(Protocol):
    """An adapter with a matrix that is meant to be orthogonal."""

    def rotation(self) -> Array:
        """Return that matrix."""
        ...


@runtime_checkable
class Approximates(Protocol):
    """An adapter whose rotation is computed approximately."""

    def exact_rotation(self) -> Array:
        """Return the rotation that `rotation()` approximates."""
        ...


@runtime_checkable
class Bounds(Protocol):
    """An adapter that limits how far it moves the weight."""

    def bound(self) -> float:
        """Return the largest ‖ΔW‖_F that its strength allows, whatever the directions are."""
        ...


@runtime_checkable
class Steers(Protocol):
    """An adapter with a signed coefficient that is set after training."""

    def reversed(self) -> WeightAdapter:
        """Return the adapter with the coefficient's sign turned."""
        ...


@runtime_checkable
class AddsTokens(Protocol):
    """An adapter that puts virtual tokens into attention."""

    def virtual_share(self, W: Array, X: Array) -> Array:
        """Return the share of attention that each token takes from the others, (n,)."""
        ...


@runtime_checkable
class Mixes(Protocol):
    """An adapter that mixes several parts."""

    def mixture(self, W: Array, X: Array) -> Array:
        """Return the weights of the parts, (parts, n), or (parts, 1) if they are the same for all.

        No weight is negative.
        """
        ...


@runtime_checkable
class Tiles(Protocol):
    """An adapter whose change is laid out in equal tiles."""

    def tile(self) -> tuple[int, int]:
        """Return the rows and columns of a tile, which divide those of W."""
        ...


@runtime_checkable
class Stores(Protocol):
    """An adapter of which less is kept than is trained."""

    def stored(self) -> float:
        """Return how many numbers are kept after training, in units of a 32-bit number."""
        ...


class Field(NamedTuple):
    """One declared array of an adapter class."""

    name: str
    shape: str
    learned: bool
    unit: float
    shared: bool = False


@cache
def arrays(cls: type[Adapter]) -> tuple[Field, ...]:
    """Return the declared arrays of an adapter class, in the order of its fields."""
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for field in fields(cls):
        for mark in get_args(hints[field.name])[1:]:
            if isinstance(mark, Learned):
                found.append(Field(field.name, mark.shape, True, mark.unit, mark.shared))
            elif isinstance(mark, Frozen):
                found.append(Field(field.name, mark.shape, False, 0.0))
    return tuple(found)


class Knob(NamedTuple):
    """One keyword argument that a reader can move."""

    name: str
    kind: Literal["int", "float", "bool", "choice"]
    default: Any
    low: float = 0
    high: float = 0
    step: float = 0
    options: tuple[Any, ...] = ()
    letter: str = ""

    def check(self, value: Any) -> Any:
        """Return `value` in the knob's own type.

        Raises:
            ValueError: when it is not one of the knob's values; it names knob, value and rule.
        """
        if self.kind == "bool" and isinstance(value, bool):
            return value
        if self.kind == "choice" and any(
            value == o and type(value) is type(o) for o in self.options
        ):
            return value
        if (
            self.kind in ("int", "float")
            and isinstance(value, (int, float))
            and not isinstance(value, bool)
            and self.low <= value <= self.high
        ):
            if self.kind == "float":
                return float(value)
            if value == int(value):
                return int(value)
        raise ValueError(f"{self.name}={value!r} is not {self.rule()}")

    def values(self) -> tuple[Any, ...]:
        """Return every value that a control offers, in order.

        >>> Knob("share", "float", 0.5, 0.1, 0.5, 0.2).values()
        (0.1, 0.3, 0.5)
        """
        if self.kind == "bool":
            return (False, True)
        if self.kind == "choice":
            return self.options
        count = int((self.high - self.low) / self.step + 1e-9) + 1
        steps = (self.low + i * self.step for i in range(count))
        return tuple(int(v) if self.kind == "int" else round(v, 9) for v in steps)

    def rule(self) -> str:
        """Return the allowed values in words."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(map(str, self.options))
        return (
            f"{'a whole' if self.kind == 'int' else 'a'} number from {self.low:g} to {self.high:g}"
        )


def signature_knobs(function: Callable[..., Any]) -> dict[str, Knob]:
    """Return the keyword-only arguments of a function as knobs.

    Raises:
        TypeError: when an argument has no default or no range, which is a mistake in the signature.
    """
    hints = get_type_hints(function, include_extras=True)
    knobs = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        hint, default = hints[name], parameter.default
        marks = (
            [m for m in get_args(hint)[1:] if isinstance(m, Range)]
            if get_origin(hint) is Annotated
            else []
        )
        if get_origin(hint) is Literal:
            knobs[name] = Knob(name, "choice", default, options=get_args(hint))
        elif hint is bool:
            knobs[name] = Knob(name, "bool", default)
        elif marks:
            kind: Literal["int", "float"] = "int" if get_args(hint)[0] is int else "float"
            knobs[name] = Knob(name, kind, default, *marks[0][:3], letter=marks[0].letter)
        else:
            raise TypeError(f"{function.__qualname__}: {name} needs a Range, a Literal or bool")
        if default is inspect.Parameter.empty:
            raise TypeError(f"{function.__qualname__}: {name} needs a default")
    return knobs


@cache
def knobs(cls: type[Adapter]) -> Mapping[str, Knob]:
    """Return the knobs of an adapter class: the keyword arguments of its `init`."""
    return MappingProxyType(signature_knobs(cls.init))


def shape_of(field: Field, d_out: int, d_in: int, **values: Any) -> tuple[int, ...]:
    """Return a declared shape in numbers, given the layer's size and the values of all knobs.

    Examples:
        >>> shape_of(Field("A", "rank, d_in", True, 1.0), 64, 32, rank=4)
        (4, 32)
    """
    names = {"d_out": d_out, "d_in": d_in, "min": min, "max": max, "ceil": ceil, **values}
    return tuple(int(n) for n in eval(f"({field.shape},)", {"__builtins__": {}}, names))


def parameters(cls: type[Adapter], d_out: int, d_in: int, **values: Any) -> int:
    """Return the number of trained parameters for one layer, from the declared shapes alone.

    Args:
        cls: An adapter class.
        d_out: Rows of the weight.
        d_in: Columns of the weight.
        **values: Knobs that differ from their defaults.
    """
    chosen = {name: knob.default for name, knob in knobs(cls).items()} | values
    return sum(
        int(np.prod(shape_of(f, d_out, d_in, **chosen), dtype=int))
        for f in arrays(cls)
        if f.learned
    )


def learned(adapter: Adapter) -> dict[str, Array]:
    """Return the trained arrays of an adapter by name."""
    return {f.name: getattr(adapter, f.name) for f in arrays(type(adapter)) if f.learned}


def flatten(adapter: Adapter) -> Array:
    """Return all trained numbers of an adapter as one vector."""
    return np.concatenate([a.ravel() for a in learned(adapter).values()])


def restore(adapter: AnyAdapter, vector: Array) -> AnyAdapter:
    """Return the adapter with its trained numbers replaced: the inverse of `flatten`.

    Raises:
        ValueError: when the vector's length is not the number of trained parameters.
    """
    parts = learned(adapter)
    sizes = [a.size for a in parts.values()]
    if vector.shape != (sum(sizes),):
        raise ValueError(f"vector has shape {vector.shape}, the adapter needs ({sum(sizes)},)")
    pieces = np.split(vector, np.cumsum(sizes)[:-1])
    return replace(
        adapter,
        **{name: p.reshape(a.shape) for (name, a), p in zip(parts.items(), pieces, strict=True)},
    )


def perturbed(adapter: AnyAdapter, rng: np.random.Generator, step: float) -> AnyAdapter:
    """Return the adapter after a random step of its arrays, which stands in for training."""
    units = {f.name: f.unit for f in arrays(type(adapter)) if f.learned}
    moved = {
        name: a + step * units[name] * rng.normal(size=a.shape)
        for name, a in learned(adapter).items()
    }
    return replace(adapter, **moved)


def slugs() -> Iterator[str]:
    """Yield the names of all method modules, sorted."""
    package = import_module("adapters_np.methods")
    return iter(sorted(module.name for module in pkgutil.iter_modules(package.__path__)))


@cache
def load(slug: str) -> type[Adapter]:
    """Return the adapter class that a method's module defines.

    Ours define one each; of several in a reader's version the first is taken.

    Raises:
        ValueError: when there is no such method.
    """
    if slug not in slugs():
        raise ValueError(f"method={slug!r} is not one of {', '.join(slugs())}")
    module = import_module(f"adapters_np.methods.{slug}")
    for value in vars(module).values():
        if (
            inspect.isclass(value)
            and issubclass(value, Adapter)
            and value.__module__ == module.__name__
        ):
            return value
    raise ValueError(f"adapters_np/methods/{slug}.py defines no Adapter class")
