"""Target changes to fit adapters to: one for each hypothesis, a mix of them, and noise.

Each is drawn from the family of one method, so that this method wins it is partly by construction;
what every other one makes of it is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from adapters_np.core import Adapter
from adapters_np.errors import KnobError
from adapters_np.linalg import (
    Array,
    block_diagonal,
    cayley,
    plane_rotations,
    reflect,
    rotate_blocks,
    row_norms,
    skew,
    thin_svd,
)
from demos.world import TRAINED, trained

SIZE = 0.3
"""‖ΔW*‖ / ‖W‖ of every world."""

Make = Callable[..., Array]  # of the weight, a generator, and for a real change the kind of weight


class Target(NamedTuple):
    """A kind of change: what it is called, what is true of it, and the method it is drawn from."""

    name: str
    title: str
    sentence: str
    family: str | None
    make: Make


WORLDS: dict[str, Target] = {}

REAL: dict[str, Target] = {}
"""Changes that nobody drew: they belong to the trained weights of `demos.world` and to no other."""


def world(title: str, sentence: str, family: str | None = None) -> Callable[[Make], Make]:
    """Register a function of weight and generator as a world by its name."""

    def register(make: Make) -> Make:
        name = make.__name__
        WORLDS[name] = Target(name, title, sentence, family, make)
        return make

    return register


def change(name: str, W: Array, seed: int = 0, base: str = TRAINED["v"]) -> Array:
    """Return ΔW* of a world, (d_out, d_in), with ‖ΔW*‖ = SIZE ‖W‖ unless it is a real one.

    Args:
        name: Of a world.
        W: The weight, (d_out, d_in).
        seed: Fixes what is drawn.
        base: Which trained weight W is, where the change is a real one.

    Raises:
        ValueError: when there is no such world, or when its blocks do not divide the sides of W.
    """
    every = WORLDS | REAL
    if name not in every:
        raise KnobError("world", name, f"is not one of {', '.join(every)}")
    if any(side % 8 for side in W.shape):
        raise ValueError(f"W has the shape {W.shape}, and worlds need sides that 8 divides")
    rng = np.random.default_rng([seed, *name.encode()])
    return every[name].make(W, rng, *((base,) if name in REAL else ()))


def scaled(D: Array, W: Array) -> Array:
    """Return D, scaled to SIZE ‖W‖."""
    return D * (SIZE * np.linalg.norm(W) / np.linalg.norm(D))


def sized(moved: Callable[[float], Array], W: Array) -> Array:
    """Return moved(t) − W for the t at which its norm is SIZE ‖W‖, by bisection; moved(0) is W."""
    wanted, low, high = SIZE * np.linalg.norm(W), 0.0, 1.0
    while np.linalg.norm(moved(high) - W) < wanted:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        short = np.linalg.norm(moved(middle) - W) < wanted
        low, high = (middle, high) if short else (low, middle)
    return moved(high) - W


def _turn(rng: np.random.Generator, blocks: int, b: int) -> Array:
    """Return skew-symmetric matrices, (blocks, b, b)."""
    return skew(rng.normal(size=(blocks, b * (b - 1) // 2)), b)


# Worlds -------------------------------------------------------------------------------------------


@world("Few directions", "The change has rank 2: it reads two features and writes two.", "lora")
def few(W: Array, rng: np.random.Generator) -> Array:
    return scaled(rng.normal(size=(len(W), 2)) @ rng.normal(size=(2, W.shape[1])), W)


@world(
    "One length per neuron",
    "All neurons lean towards one direction, more or less, and each gets a length of its own.",
    "dora",
)
def length(W: Array, rng: np.random.Generator) -> Array:
    """Return new lengths of the rows of W after a change of rank one."""
    lean = scaled(np.outer(rng.normal(size=len(W)), rng.normal(size=W.shape[1])), W)
    gain = rng.normal(size=len(W))

    def moved(t: float) -> Array:
        V = W + 5 * t * lean
        return (np.exp(t * gain) * row_norms(W) / row_norms(V))[:, None] * V

    return sized(moved, W)


@world("Row gains", "Every neuron is scaled by a gain of its own; none of them turns.", "ia3")
def rows(W: Array, rng: np.random.Generator) -> Array:
    return scaled(rng.normal(size=(len(W), 1)) * W, W)


@world(
    "Pairs of outputs turned",
    "Outputs are taken in pairs, and each pair is turned by its own angle and scaled by its own "
    "gain.",
    "road",
)
def pairs(W: Array, rng: np.random.Generator) -> Array:
    """Return 2 × 2 rotations with gains, on neighbouring rows."""
    theta, gain = rng.normal(size=(2, len(W) // 2))

    def moved(t: float) -> Array:
        blocks = np.exp(t * gain / 2)[:, None, None] * plane_rotations(t * theta)
        return block_diagonal(blocks) @ W

    return sized(moved, W)


@world(
    "Inputs turned in blocks",
    "The inputs are turned in blocks of eight, so neurons keep their lengths and their angles.",
    "oft",
)
def turn(W: Array, rng: np.random.Generator) -> Array:
    S = _turn(rng, W.shape[1] // 8, 8)
    return sized(lambda t: rotate_blocks(W, cayley(t * S)), W)


@world(
    "Planes",
    "The inputs are turned in four planes, one after another; the change has rank 8, and neurons "
    "keep their lengths and their angles.",
    "hra",
)
def planes(W: Array, rng: np.random.Generator) -> Array:
    """Return four rotations, each of two reflections."""
    normals = rng.normal(size=(4, 2, W.shape[1]))

    def moved(t: float) -> Array:
        out = W
        for u, v in normals:
            out = reflect(reflect(out, u), u + t * v)
        return out

    return sized(moved, W)


@world(
    "Both sides turned",
    "Inputs and outputs are turned in blocks of four: W keeps its singular values, and its neurons "
    "keep neither lengths nor angles.",
    "poet",
)
def sides(W: Array, rng: np.random.Generator) -> Array:
    """Return rotations of blocks of 4 columns and of 4 rows; both sides move W about as far."""
    inputs, outputs = (_turn(rng, side // 4, 4) for side in W.shape[::-1])
    inputs /= np.linalg.norm(rotate_blocks(W, inputs)) / np.linalg.norm(W)
    outputs /= np.linalg.norm(rotate_blocks(W.T, outputs)) / np.linalg.norm(W)

    def moved(t: float) -> Array:
        return rotate_blocks(rotate_blocks(W, cayley(t * inputs)).T, cayley(t * outputs)).T

    return sized(moved, W)


@world(
    "W’s principal core",
    "On the input side the leading singular directions of W are turned among themselves; the rest "
    "of W stays.",
    "psoft",
)
def principal(W: Array, rng: np.random.Generator) -> Array:
    """Return a rotation among 7/16 of the right singular vectors."""
    U, sigma, Vt = thin_svd(W)
    k = 7 * len(sigma) // 16
    core, rest = U[:, :k] * sigma[:k], W - (U[:, :k] * sigma[:k]) @ Vt[:k]
    S = _turn(rng, 1, k)[0]
    return sized(lambda t: core @ cayley(t * S) @ Vt[:k] + rest, W)


@world(
    "Singular values only",
    "Each singular value of W changes by its own factor; no singular direction moves.",
    "svft",
)
def spectrum(W: Array, rng: np.random.Generator) -> Array:
    U, sigma, Vt = thin_svd(W)
    return scaled(U * (sigma * rng.normal(size=len(sigma))) @ Vt, W)


@world(
    "Single entries",
    "An eighth of the entries change, those where W is largest; all others stay.",
    "shira",
)
def entries(W: Array, rng: np.random.Generator) -> Array:
    D = np.zeros(W.size)
    largest = np.argsort(-np.abs(W), axis=None, kind="stable")[: W.size // 8]
    D[largest] = rng.normal(size=len(largest))
    return scaled(D.reshape(W.shape), W)


@world(
    "Kronecker",
    "One tile is repeated in a grid of four by four, each time with its own factor.",
    "lokr",
)
def kronecker(W: Array, rng: np.random.Generator) -> Array:
    factors, tile = rng.normal(size=(4, 4)), rng.normal(size=(len(W) // 4, W.shape[1] // 4))
    return scaled(np.kron(factors, tile), W)


@world(
    "Shards",
    "The same eight columns repeat: the layer reads sums over inputs that lie eight apart.",
    "miss",
)
def shards(W: Array, rng: np.random.Generator) -> Array:
    return scaled(np.tile(rng.normal(size=(len(W), 8)), W.shape[1] // 8), W)


@world("A mixture", "A few directions, row gains, turned inputs and noise in equal parts.")
def mix(W: Array, rng: np.random.Generator) -> Array:
    """Return a sum of four worlds of the same size."""
    return scaled(few(W, rng) + rows(W, rng) + turn(W, rng) + noise(W, rng), W)


@world("Noise", "Independent entries with heavy tails: nothing to find. The control.")
def noise(W: Array, rng: np.random.Generator) -> Array:
    """Return entries of Student's t with three degrees of freedom."""
    return scaled(rng.standard_t(3, size=W.shape), W)


# Real ---------------------------------------------------------------------------------------------


def learned(W: Array, task: str, base: str) -> Array:
    """Return what fine-tuning on a task changed, on the scale of W, the trained weight."""
    before, changes = trained(base, *W.shape)
    return changes[task] * (np.linalg.norm(W) / np.linalg.norm(before))


def scattered(D: Array, rng: np.random.Generator) -> Array:
    """Return a change with the singular values of another in random directions."""
    U, _, Vt = thin_svd(rng.normal(size=D.shape))
    return U * np.linalg.svd(D, compute_uv=False) @ Vt


def real(task: str, end: str, told: tuple[str, str], control: tuple[str, str]) -> None:
    """Register what was learned from a task and its control; `end` is that of their names."""
    makes: dict[str, tuple[tuple[str, str], Make]] = {
        f"real{end}": (told, lambda W, _, base: learned(W, task, base)),
        f"control{end}": (control, lambda W, rng, base: scattered(learned(W, task, base), rng)),
    }
    for name, ((title, sentence), make) in makes.items():
        REAL[name] = Target(name, title, sentence, None, make)


real(
    "code",
    "",
    (
        "A real change",
        "Nobody drew this one: it is what full fine-tuning on source code did to the corner of a "
        "matrix in a small language model.",
    ),
    (
        "Its control",
        "The real change’s singular values in random directions, drawn once: who explains clearly "
        "more of the real one has found structure in it.",
    ),
)
real(
    "prose",
    "_prose",
    (
        "Real, from a novel",
        "What full fine-tuning on a novel did to the corner of a matrix in a small language model.",
    ),
    ("Control, from a novel", "The singular values of what a novel changed, in random directions."),
)
real(
    "memory",
    "_memory",
    (
        "Real, memorisation",
        "What full fine-tuning did to the corner of a matrix while it memorised random tokens, "
        "in a small language model.",
    ),
    (
        "Control, memorisation",
        "The singular values of what memorising random tokens changed, in random directions.",
    ),
)


# Tokens -------------------------------------------------------------------------------------------


def tokens(d_in: int, seed: int = 0, n: int = 96) -> tuple[Array, Array]:
    """Return tokens to fit on and tokens held out, both (d_in, n).

    Their directions are as uneven as hidden states are: the variance of the i-th falls as 1/i.
    """
    rng = np.random.default_rng([seed, *b"tokens"])
    axes = np.linalg.qr(rng.normal(size=(d_in, d_in)))[0]
    spread = axes * np.sqrt(d_in / np.arange(1, d_in + 1) / np.log(d_in + 1))
    fit, held_out = spread @ rng.normal(size=(2, d_in, n))
    return fit, held_out


def output_error(adapter: Adapter, W: Array, X: Array, wanted: Array) -> float:
    """Return ‖Y − Y*‖_F / ‖Y* − Y₀‖_F on tokens X, Y₀ being the frozen layer's output."""
    gap = np.linalg.norm(adapter.forward(W, X) - wanted)
    return float(gap / np.linalg.norm(wanted - adapter.base(W, X)))
