"""Adapters as PEFT saves them: what their tensors are called, how they fit, what they change.

`KINDS` holds a row for each. Nothing here forms a matrix of the size of a weight: of a product the
singular values follow from two triangles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from adapters_np.linalg import Array, cayley, cayley_neumann, skew

MOST = 1024
"""Directions that a layer's change may have at most, to be measured here."""

TURNED = 256
"""Directions up to which the first of them is found, besides its singular value."""

EXTREME = 1e30
"""The largest entry that is taken, and one over the smallest: squares of products stay finite."""

Shapes = Mapping[str, tuple[int, ...]]


Pair = tuple[Array, Array]


class Found(NamedTuple):
    """Singular values, descending, what they are of, and numbers that belong to the method.

    `first` holds the unit vectors of the largest: among outputs, (d_out,), and inputs, (d_in,).
    """

    sigma: Array
    of: str = "ΔW"
    facts: tuple[tuple[str, float], ...] = ()
    note: str = ""
    first: Pair | None = None


class Kind(NamedTuple):
    """The file format of a method.

    `endings` leads from the end of a tensor's name to its role. `needs` lists what a layer must
    have, each as alternatives of one or two roles. `check` holds shapes against each other.
    `factors` returns P, (d_out, k), and Q, (k, d_in), whose product is ΔW or, of DoRA, s B A, and
    `directions` how large k is; both where that needs no W.
    """

    title: str
    endings: dict[str, str]
    needs: tuple[tuple[tuple[str, ...], ...], ...]
    check: Callable[[str, Shapes], None]
    measure: Callable[[dict[str, Any], dict[str, Array]], Found]
    alpha: str = ""  # the setting that holds α, if there is a scale
    ranked: tuple[str, ...] = ()  # roles whose first axis is r
    factors: Callable[[dict[str, Any], dict[str, Array]], Pair] | None = None
    directions: Callable[[dict[str, Any]], int] = lambda layer: int(layer["rank"])


# Mathematics --------------------------------------------------------------------------------------


def leading(P: Array, Q: Array) -> tuple[Array, Pair | None]:
    """Return the singular values of P Q, (m, k) and (k, n), and the vectors of the largest.

    Both follow from k × k matrices. There are no vectors where P Q is zero or k is large.
    """
    p, q = triangle(P), triangle(Q.T)
    core = p @ q.T
    if min(core.shape) > TURNED:
        return np.linalg.svd(core, compute_uv=False), None
    U, sigma, Vt = np.linalg.svd(core, full_matrices=False)
    if not sigma[0]:
        return sigma, None
    # with orthonormal columns X and Y, P is X p and Q is (Y q)ᵀ, so X U = P qᵀ V / σ
    return sigma, (P @ (Vt[0] @ q) / sigma[0], (U[:, 0] @ p) @ Q / sigma[0])


def triangle(M: Array) -> Array:
    """Return a matrix with the same Gram matrix and no more rows than columns."""
    return np.asarray(np.linalg.qr(M, mode="r")) if len(M) > M.shape[1] else M


def shaped(layer: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Array]:
    """Return a layer's arrays by role, given their entries row by row."""
    return {
        role: np.array(values, dtype=float).reshape(layer["shapes"][role])
        for role, values in arrays.items()
    }


def sound(name: str, array: Array) -> None:
    """Raise `ValueError` when a tensor has an entry that cannot be computed with."""
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has an entry that is not finite.")
    most = float(np.abs(array).max(initial=0))
    if most and not 1 / EXTREME <= most <= EXTREME:
        raise ValueError(
            f"{name} has {most:.3g} as its largest entry, and what is measured is from "
            f"{1 / EXTREME:.0e} to {EXTREME:.0e}."
        )


def flat(M: Array) -> Array:
    """Return a convolution's kernel as a matrix; a matrix stays."""
    return M.reshape(len(M), -1)


def _too_many(directions: int) -> Found:
    note = f"Its change may have {directions} directions, and up to {MOST} are measured here."
    return Found(np.zeros(0), note=note)


def _lora_factors(layer: dict[str, Any], a: dict[str, Array]) -> Pair:
    return layer["scale"] * flat(a["B"]), flat(a["A"])


def _lora(layer: dict[str, Any], a: dict[str, Array]) -> Found:
    if layer["rank"] > MOST:
        return _too_many(layer["rank"])
    sigma, first = leading(*_lora_factors(layer, a))
    if "m" not in a:
        return Found(sigma, first=first)
    lengths = (
        ("shortest row of W + ΔW", float(a["m"].min())),
        ("longest row", float(a["m"].max())),
    )
    note = (
        "DoRA sets the length of every row after adding s B A. The whole ΔW needs W; "
        "the part before that does not, and is shown."
    )
    return Found(sigma, "s B A", lengths, note, first)


def _loha_directions(layer: dict[str, Any]) -> int:
    return int(layer["rank"]) ** 2


def _loha_factors(layer: dict[str, Any], a: dict[str, Array]) -> Pair:
    directions = _loha_directions(layer)
    B = (a["w1_a"][:, :, None] * a["w2_a"][:, None, :]).reshape(-1, directions)
    A = (a["w1_b"][:, None, :] * a["w2_b"][None, :, :]).reshape(directions, -1)
    return layer["scale"] * B, A


def _loha(layer: dict[str, Any], a: dict[str, Array]) -> Found:
    directions = _loha_directions(layer)
    if directions > MOST:
        return _too_many(directions)
    sigma, first = leading(*_loha_factors(layer, a))
    return Found(sigma, first=first)


def block(a: Mapping[str, Array], name: str) -> Pair:
    """Return two factors of a block of LoKr; of one that is saved whole, one is the identity."""
    if name not in a:
        return a[f"{name}_a"], flat(a[f"{name}_b"])
    M = flat(a[name])
    tall = len(M) > M.shape[1]
    return (M, np.eye(M.shape[1])) if tall else (np.eye(len(M)), M)


def _block_directions(layer: dict[str, Any], name: str) -> int:
    s = layer["shapes"]
    return int(min(_sides(s[name])) if name in s else s[f"{name}_a"][1])


def _lokr_directions(layer: dict[str, Any]) -> int:
    return math.prod(_block_directions(layer, name) for name in ("w1", "w2"))


def _lokr_factors(layer: dict[str, Any], a: dict[str, Array]) -> Pair:
    (P, Q), (R, S) = block(a, "w1"), block(a, "w2")
    return layer["scale"] * np.kron(P, R), np.kron(Q, S)


def _lokr(layer: dict[str, Any], a: dict[str, Array]) -> Found:
    for name in ("w1", "w2"):
        if (directions := _block_directions(layer, name)) > MOST:
            return _too_many(directions)
    (sigma, first), (other, second) = (leading(*block(a, name)) for name in ("w1", "w2"))
    products = np.outer(sigma, other).ravel()  # the singular values of a Kronecker product
    both = first and second and (np.kron(first[0], second[0]), np.kron(first[1], second[1]))
    return Found(layer["scale"] * np.sort(products)[::-1], first=both)


def _ia3(layer: dict[str, Any], a: dict[str, Array]) -> Found:
    gain = a["l"].ravel()
    sigma = np.sort(np.abs(gain - 1))[::-1]
    facts = (
        ("smallest gain", float(gain.min())),
        ("largest gain", float(gain.max())),
        (RELATIVE, _root_mean_square(sigma)),
    )
    side = "outputs" if layer["shapes"]["l"][-1] == 1 else "inputs"
    note = f"IA3 multiplies {side} by l, so ΔW needs W. What W is multiplied by does not."
    return Found(sigma, "diag(l) − I", facts, note)


def _oft(layer: dict[str, Any], a: dict[str, Array]) -> Found:
    R = rotation(layer, a)
    b = R.shape[1]
    sigma = np.sort(np.linalg.svd(R - np.eye(b), compute_uv=False).ravel())[::-1]
    shared = " One block is shared by all inputs, and is counted once." if layer["shared"] else ""
    angle = 2 * math.degrees(math.asin(min(1.0, float(sigma[0]) / 2)))
    facts = (
        ("blocks", float(len(R))),
        ("their side", float(b)),
        ("largest angle in degrees", angle),
        (RELATIVE, _root_mean_square(sigma)),
    )
    note = "OFT turns W, so ΔW = W R − W needs W. How far R is from the identity does not."
    return Found(sigma, "R − I", facts, note + shared)


def rotation(layer: dict[str, Any], a: dict[str, Array]) -> Array:
    """Return the blocks of OFT's rotation, (blocks, b, b)."""
    upper = a["R"]
    b = _block(upper.shape[1])
    if layer["eps"] is not None:  # COFT: ‖Q‖ of each block is at most ε / √blocks
        lengths = np.sqrt(2) * np.linalg.norm(upper, axis=1, keepdims=True)
        most = layer["eps"] / math.sqrt(len(upper))
        upper = upper * most / np.maximum(lengths, most)
    if layer["terms"] is None:
        return cayley(skew(upper, b))
    # PEFT's polynomial of so many terms, as tests/parity has it
    terms = layer["terms"]
    m, factor = (max(terms - 1, 3), 1) if terms > 2 else (1, 2 * (terms - 1))
    return cayley_neumann(skew(factor * upper, b), m)


RELATIVE = "‖ΔW‖ / ‖W‖ for a W without preferred directions"


def _root_mean_square(values: Array) -> float:
    return float(np.sqrt((values**2).mean()))


def _block(upper: int) -> int:
    """Return the side of a skew-symmetric matrix with so many entries above its diagonal."""
    return (1 + math.isqrt(1 + 8 * upper)) // 2


def _vera_factors(layer: dict[str, Any], a: dict[str, Array]) -> Pair:
    d_in = layer["sides"][1] if layer["sides"] else a["A"].shape[1]
    return a["b"][:, None] * a["B"][: len(a["b"])], a["d"][:, None] * a["A"][:, :d_in]


def _vera(layer: dict[str, Any], a: dict[str, Array]) -> Found:
    gains = (
        ("largest |λ_d|", float(np.abs(a["d"]).max())),
        ("largest |λ_b|", float(np.abs(a["b"]).max())),
    )
    if "A" not in a:
        note = "ΔW is made of the gains λ and of the shared A and B, which are not in the file."
        return Found(np.zeros(0), facts=gains, note=note)
    if layer["rank"] > MOST:
        return _too_many(layer["rank"])
    sigma, first = leading(*_vera_factors(layer, a))
    if layer["sides"] or not layer["wide"]:
        return Found(sigma, facts=gains, first=first)
    note = (
        "A layer with fewer inputs than A has columns takes the first of them, and the file does "
        "not say how many this one has. Shown is what all of A gives: no singular value of ΔW is "
        "larger than the one here. With the base, ΔW itself is shown."
    )
    return Found(sigma, "ΔW with all of A", gains, note)


# Shapes -------------------------------------------------------------------------------------------


def _sides(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and columns, where a kernel is read as a matrix."""
    return shape[0], math.prod(shape[1:])


def _written(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "a number"


def _pair(module: str, names: str, tall: tuple[int, ...], wide: tuple[int, ...]) -> None:
    """Hold the axis that two factors share against each other."""
    first, second = names.split()
    if min(len(tall), len(wide)) < 2 or _sides(tall)[1] != wide[0] or not math.prod(tall + wide):
        raise ValueError(
            f"{module}: {first} is {_written(tall)} and {second} is {_written(wide)}: "
            f"{first} must have as many columns (r) as {second} has rows."
        )


def _check_lora(module: str, s: Shapes) -> None:
    _pair(module, "B A", s["B"], s["A"])
    if "m" in s and math.prod(s["m"]) != s["B"][0]:
        raise ValueError(
            f"{module}: lora_magnitude_vector has {math.prod(s['m'])} entries, "
            f"and B has {s['B'][0]} rows."
        )


def _check_loha(module: str, s: Shapes) -> None:
    for i in (1, 2):
        _pair(module, f"hada_w{i}_a hada_w{i}_b", s[f"w{i}_a"], s[f"w{i}_b"])
    if (s["w1_a"], s["w1_b"]) != (s["w2_a"], s["w2_b"]):
        raise ValueError(f"{module}: the two products of LoHa differ in shape.")


def _check_lokr(module: str, s: Shapes) -> None:
    for block in ("w1", "w2"):
        if block not in s:
            names = f"lokr_{block}_a lokr_{block}_b"
            _pair(module, names, s[f"{block}_a"], s[f"{block}_b"])
        elif len(s[block]) < 2 or not math.prod(s[block]):
            raise ValueError(f"{module}: lokr_{block} is {_written(s[block])} and no matrix.")


def _check_ia3(module: str, s: Shapes) -> None:
    if not s["l"] or sorted(s["l"])[:-1] != [1] * (len(s["l"]) - 1) or not math.prod(s["l"]):
        raise ValueError(f"{module}: ia3_l is {_written(s['l'])}, and a gain is a row or a column.")


def _check_oft(module: str, s: Shapes) -> None:
    shape = s["R"]
    b = _block(shape[-1]) if len(shape) == 2 else 0
    if b * (b - 1) // 2 != (shape[-1] if shape else -1) or not math.prod(shape):
        raise ValueError(
            f"{module}: oft_R is {_written(shape)}, and a block of side b has b(b − 1)/2 "
            "parameters."
        )


def _check_vera(module: str, s: Shapes) -> None:
    if any(len(s[gain]) != 1 or not s[gain][0] for gain in "db"):
        raise ValueError(
            f"{module}: λ_d is {_written(s['d'])} and λ_b {_written(s['b'])}, and gains are a list."
        )
    (d,), (b,) = s["d"], s["b"]
    if "A" in s and (s["A"][:1] != (d,) or s["B"][1:] != (d,) or s["B"][0] < b or len(s["A"]) != 2):
        raise ValueError(
            f"{module}: λ_d has {d} and λ_b {b} entries, and the shared A is {_written(s['A'])}, "
            f"B {_written(s['B'])}."
        )


KINDS = {
    "LORA": Kind(
        "LoRA",
        {
            "lora_A.weight": "A",
            "lora_B.weight": "B",
            "lora_embedding_A": "A",
            "lora_embedding_B": "B",
            "lora_B.bias": "bias",
            "lora_magnitude_vector": "m",
            "lora_magnitude_vector.weight": "m",
        },
        ((("A",),), (("B",),)),
        _check_lora,
        _lora,
        "lora_alpha",
        ("A",),
        _lora_factors,
    ),
    "LOHA": Kind(
        "LoHa",
        {f"hada_w{i}_{side}": f"w{i}_{side}" for i in (1, 2) for side in "ab"},
        tuple(((f"w{i}_{side}",),) for i in (1, 2) for side in "ab"),
        _check_loha,
        _loha,
        "alpha",
        ("w1_b",),
        _loha_factors,
        _loha_directions,
    ),
    "LOKR": Kind(
        "LoKr",
        {f"lokr_w{i}{side}": f"w{i}{side}" for i in (1, 2) for side in ("", "_a", "_b")},
        tuple(((f"w{i}",), (f"w{i}_a", f"w{i}_b")) for i in (1, 2)),
        _check_lokr,
        _lokr,
        "alpha",
        ("w2_b", "w1_b"),
        _lokr_factors,
        _lokr_directions,
    ),
    "IA3": Kind("IA3", {"ia3_l": "l"}, ((("l",),),), _check_ia3, _ia3),
    "OFT": Kind("OFT", {"oft_R.weight": "R"}, ((("R",),),), _check_oft, _oft),
    "VERA": Kind(
        "VeRA",
        {"vera_lambda_d": "d", "vera_lambda_b": "b"},
        ((("d",),), (("b",),)),
        _check_vera,
        _vera,
        ranked=("d",),
        factors=_vera_factors,
    ),
}
"""By the name of the method in PEFT."""
