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

Shapes = Mapping[str, tuple[int, ...]]


class Found(NamedTuple):
    """Singular values, descending, what they are of, and numbers that belong to the method."""

    sigma: Array
    of: str = "ΔW"
    facts: tuple[tuple[str, float], ...] = ()
    note: str = ""


class Kind(NamedTuple):
    """How a method is saved.

    `endings` leads from the end of a tensor's name to its role. `needs` lists what a layer must
    have, each as alternatives of one or two roles. `check` holds shapes against each other.
    """

    title: str
    endings: dict[str, str]
    needs: tuple[tuple[tuple[str, ...], ...], ...]
    check: Callable[[str, Shapes], None]
    measure: Callable[[dict[str, Any], dict[str, Array]], Found]
    alpha: str = ""  # the setting that holds α, if there is a scale
    ranked: tuple[str, ...] = ()  # roles whose first axis is r


# Mathematics --------------------------------------------------------------------------------------


def spectrum(P: Array, Q: Array) -> Array:
    """Return the singular values of P Q, (m, k) and (k, n), by way of k × k matrices."""
    return np.linalg.svd(triangle(P) @ triangle(Q.T).T, compute_uv=False)


def triangle(M: Array) -> Array:
    """Return a matrix with the same Gram matrix and no more rows than columns."""
    return np.asarray(np.linalg.qr(M, mode="r")) if len(M) > M.shape[1] else M


def flat(M: Array) -> Array:
    """Return a convolution's kernel as a matrix; a matrix stays."""
    return M.reshape(len(M), -1)


def _too_many(directions: int) -> Found:
    note = f"Its change may have {directions} directions, and up to {MOST} are measured here."
    return Found(np.zeros(0), note=note)


def _lora(layer: dict[str, Any], a: dict[str, Array]) -> Found:
    if layer["rank"] > MOST:
        return _too_many(layer["rank"])
    sigma = layer["scale"] * spectrum(flat(a["B"]), flat(a["A"]))
    if "m" not in a:
        return Found(sigma)
    lengths = (
        ("shortest row of W + ΔW", float(a["m"].min())),
        ("longest row", float(a["m"].max())),
    )
    note = (
        "DoRA sets the length of every row after adding s B A. The whole ΔW needs W; "
        "the part before that does not, and is shown."
    )
    return Found(sigma, "s B A", lengths, note)


def _loha(layer: dict[str, Any], a: dict[str, Array]) -> Found:
    directions = layer["rank"] ** 2
    if directions > MOST:
        return _too_many(directions)
    B = (a["w1_a"][:, :, None] * a["w2_a"][:, None, :]).reshape(-1, directions)
    A = (a["w1_b"][:, None, :] * a["w2_b"][None, :, :]).reshape(directions, -1)
    return Found(layer["scale"] * spectrum(B, A))


def _lokr(layer: dict[str, Any], a: dict[str, Array]) -> Found:
    sides = []
    for block in ("w1", "w2"):
        if block in a:
            M = flat(a[block])
            if min(M.shape) > MOST:
                return _too_many(min(M.shape))
            sides.append(np.linalg.svd(triangle(triangle(M).T), compute_uv=False))
        else:
            sides.append(spectrum(a[f"{block}_a"], flat(a[f"{block}_b"])))
    products = np.outer(*sides).ravel()  # the singular values of a Kronecker product
    return Found(layer["scale"] * np.sort(products)[::-1])


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
    angle = 2 * math.degrees(math.asin(min(1.0, float(sigma[0]) / 2)))
    facts = (
        ("blocks", float(len(R))),
        ("their side", float(b)),
        ("largest angle in degrees", angle),
        (RELATIVE, _root_mean_square(sigma)),
    )
    note = "OFT turns W, so ΔW = W R − W needs W. How far R is from the identity does not."
    return Found(sigma, "R − I", facts, note)


def rotation(layer: dict[str, Any], a: dict[str, Array]) -> Array:
    """Return the blocks of OFT's rotation, (blocks, b, b)."""
    b = _block(a["R"].shape[1])
    if layer["terms"] is None:
        return cayley(skew(a["R"], b))
    # PEFT's polynomial of so many terms, as tests/parity has it
    terms = layer["terms"]
    m, factor = (max(terms - 1, 3), 1) if terms > 2 else (1, 2 * (terms - 1))
    return cayley_neumann(skew(factor * a["R"], b), m)


RELATIVE = "‖ΔW‖ / ‖W‖ for a W without preferred directions"


def _root_mean_square(values: Array) -> float:
    return float(np.sqrt((values**2).mean()))


def _block(upper: int) -> int:
    """Return the side of a skew-symmetric matrix with so many entries above its diagonal."""
    return (1 + math.isqrt(1 + 8 * upper)) // 2


def _vera(layer: dict[str, Any], a: dict[str, Array]) -> Found:
    gains = (
        ("largest |λ_d|", float(np.abs(a["d"]).max())),
        (
            "largest |λ_b|",
            float(np.abs(a["b"]).max()),
        ),
    )
    if "A" not in a:
        note = "ΔW is made of the gains λ and of the shared A and B, which are not in the file."
        return Found(np.zeros(0), facts=gains, note=note)
    if layer["rank"] > MOST:
        return _too_many(layer["rank"])
    P = a["b"][:, None] * a["B"][: len(a["b"])]
    return Found(spectrum(P, a["d"][:, None] * a["A"]), facts=gains)


# Shapes -------------------------------------------------------------------------------------------


def _sides(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and columns, where a kernel is read as a matrix."""
    return shape[0], math.prod(shape[1:])


def _written(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "a number"


def _pair(module: str, names: str, tall: tuple[int, ...], wide: tuple[int, ...]) -> None:
    """Hold the axis that two factors share against each other."""
    first, second = names.split()
    if min(len(tall), len(wide)) < 2 or _sides(tall)[1] != wide[0] or not wide[0]:
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
        elif len(s[block]) < 2:
            raise ValueError(f"{module}: lokr_{block} is {_written(s[block])} and no matrix.")


def _check_ia3(module: str, s: Shapes) -> None:
    if sorted(s["l"])[:-1] != [1] * (len(s["l"]) - 1) or not math.prod(s["l"]):
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
    d, b = math.prod(s["d"]), math.prod(s["b"])
    if "A" in s and (s["A"][0] != d or s["B"][1:] != (d,) or s["B"][0] < b):
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
    ),
    "LOHA": Kind(
        "LoHa",
        {f"hada_w{i}_{side}": f"w{i}_{side}" for i in (1, 2) for side in "ab"},
        tuple(((f"w{i}_{side}",),) for i in (1, 2) for side in "ab"),
        _check_loha,
        _loha,
        "alpha",
        ("w1_b",),
    ),
    "LOKR": Kind(
        "LoKr",
        {f"lokr_w{i}{side}": f"w{i}{side}" for i in (1, 2) for side in ("", "_a", "_b")},
        tuple(((f"w{i}",), (f"w{i}_a", f"w{i}_b")) for i in (1, 2)),
        _check_lokr,
        _lokr,
        "alpha",
        ("w2_b", "w1_b"),
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
    ),
}
"""By the name of the method in PEFT."""
