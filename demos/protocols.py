"""Protocols of adapters for gauges, pictures and training."""

from __future__ import annotations

from typing import Protocol, TypeVar, runtime_checkable

from adapters_np.core import Adapter, WeightAdapter
from adapters_np.linalg import Array

Needed = TypeVar("Needed")


def serving(adapter: Adapter, protocol: type[Needed], name: str) -> Needed:
    """Return the adapter, whose class declares this gauge or picture.

    Raises:
        TypeError: when it does not satisfy the protocol that this needs.
    """
    if isinstance(adapter, protocol):
        return adapter
    members = {*dir(protocol), *protocol.__annotations__}
    missing = ", ".join(
        f"{member}()" if hasattr(protocol, member) else member
        for member in sorted(members)
        if not member.startswith("_") and not hasattr(adapter, member)
    )
    raise TypeError(f"{type(adapter).__name__} declares the {name} but has no {missing}")


@runtime_checkable
class Rotates(Protocol):
    """An adapter with a matrix that is meant to be orthogonal."""

    def rotation(self) -> Array: ...


@runtime_checkable
class Approximates(Rotates, Protocol):
    """An adapter whose rotation is computed approximately."""

    def exact_rotation(self) -> Array:
        """Return the rotation that `rotation()` approximates."""


@runtime_checkable
class Bounds(Protocol):
    """An adapter that limits how far it moves the weight."""

    def bound(self) -> float:
        """Return the largest ‖ΔW‖_F that its strength allows, whatever the directions are."""


@runtime_checkable
class Steers(Protocol):
    """An adapter with a signed coefficient that is set after training."""

    def reversed(self) -> WeightAdapter:
        """Return the adapter with the coefficient's sign turned."""


@runtime_checkable
class Scales(Protocol):
    """An adapter that trains a gain for each output, or for each input, and nothing else."""

    feedforward: bool
    """Whether it is for each input."""


@runtime_checkable
class Tiles(Protocol):
    """An adapter whose change is laid out in equal tiles."""

    def tile(self) -> tuple[int, int]:
        """Return the rows and columns of a tile; the last may be cut, but not for `tile_rank`."""


@runtime_checkable
class Shows(Protocol):
    """An adapter whose hypothesis is seen in a few arrays."""

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return in words what the arrays have to do with the change, and these by name."""


@runtime_checkable
class AddsTokens(Protocol):
    """An adapter that puts virtual tokens into attention."""

    def virtual_share(self, W: Array, X: Array) -> Array:
        """Return the share of attention that each token takes from the others, (n,)."""


@runtime_checkable
class Mixes(Protocol):
    """An adapter that mixes several parts."""

    def mixture(self, W: Array, X: Array) -> Array:
        """Return the weights of the parts, (parts, n), or (parts, 1) if they are the same for all.

        No weight is negative.
        """


@runtime_checkable
class Stores(Protocol):
    """An adapter of which less is kept than is trained."""

    def stored(self) -> float:
        """Return how many numbers are kept after training, in units of a 32-bit number."""


@runtime_checkable
class Relaxes(Protocol):
    """An adapter that answers to its parameters in steps, so that its own slopes are zero."""

    def relaxed(self) -> Adapter:
        """Return the adapter of the same parameters whose slopes training takes: straight-through.

        Source: Bengio, Léonard and Courville (2013).
        """


@runtime_checkable
class Remembers(Protocol):
    """An adapter that gives some inputs other answers, and knows what other inputs are like."""

    keys: Array
    """The inputs that get other answers, (d_in, facts)."""
    others: Array
    """Other inputs, (d_in, n)."""


@runtime_checkable
class Estimates(Protocol):
    """An adapter along a direction estimated from pairs, of which the truth is known."""

    truth: Array
    """The direction in which the two of each pair are meant to differ, (d_out,)."""

    def estimates(self) -> Array:
        """Return the direction after one pair, after two and so on, (d_out, pairs)."""

    def known(self) -> Adapter:
        """Return the adapter along the true direction."""


@runtime_checkable
class AddsTasks(Protocol):
    """An adapter that adds changes that several tasks have made."""

    strengths: Array
    """How much of each task's change is added, (tasks,)."""
    changes: Array
    """The tasks' changes, (tasks, d_out, d_in)."""
