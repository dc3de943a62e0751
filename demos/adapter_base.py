"""Changes of the base weights by an adapter that was trained on them, a slice of rows at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters_np.linalg import Array
from demos.adapter_kinds import flat, rotation, shaped


def against(
    layer: dict[str, Any], arrays: dict[str, Any], values: Any, shape: list[int], first: int
) -> list[float]:
    """Return ‖ΔW‖² and ‖W‖² of some rows of the base weight.

    Args:
        layer: One of `adapter_file.layers`.
        arrays: The entries of its tensors by role, row by row.
        values: Entries of W from row `first` on, row by row.
        shape: The whole shape of W.
        first: The first of these rows.

    Raises:
        ValueError: when W does not fit the adapter, or an entry is not finite.
    """
    a = shaped(layer, arrays)
    d_in = int(np.prod(shape[1:]))
    fits(layer, shape[0], d_in)
    W = np.array(values, dtype=float).reshape(-1, d_in)
    if not np.isfinite(W).all():
        raise ValueError(f"{layer['module']}.weight has an entry that is not finite.")
    change = CHANGES.get(layer["kind"])
    moved = change(layer, a, W, first) if change and needs(layer) else np.zeros(0)
    return [float((moved**2).sum()), float((W**2).sum())]


def needs(layer: dict[str, Any]) -> bool:
    """Return whether the change cannot be known without W."""
    return layer["kind"] in ("IA3", "OFT") or "m" in layer["shapes"]


def fits(layer: dict[str, Any], d_out: int, d_in: int) -> None:
    """Raise `ValueError` when a weight of these sides is not the one that was adapted."""
    sides = _sides(layer)
    for side, has, wanted in zip(("rows", "columns"), (d_out, d_in), sides, strict=True):
        if wanted is not None and has != wanted:
            raise ValueError(
                f"{layer['module']}.weight has {has} {side}, and the adapter is for {wanted}: "
                "this is another base model."
            )


def _sides(layer: dict[str, Any]) -> tuple[int | None, int | None]:
    """Return (d_out, d_in) as far as the adapter tells them."""
    s = layer["shapes"]
    match layer["kind"]:
        case "LORA":
            return s["B"][0], int(np.prod(s["A"][1:]))
        case "LOHA":
            return s["w1_a"][0], s["w1_b"][1]
        case "IA3":
            rows = s["l"][-1] == 1
            size = int(np.prod(s["l"]))
            return (size, None) if rows else (None, size)
        case "OFT":
            count, upper = s["R"]
            return None, count * (1 + int(np.sqrt(1 + 8 * upper))) // 2
        case "VERA":
            return int(np.prod(s["b"])), None
        case "LOKR":
            sides = [s.get(b) or (s[f"{b}_a"][0], *s[f"{b}_b"][1:]) for b in ("w1", "w2")]
            return sides[0][0] * sides[1][0], int(np.prod([*sides[0][1:], *sides[1][1:]]))
    return None, None


def _dora(layer: dict[str, Any], a: dict[str, Array], W: Array, first: int) -> Array:
    rows = slice(first, first + len(W))
    V = W + layer["scale"] * flat(a["B"])[rows] @ flat(a["A"])
    m = a["m"].ravel()[rows]
    return (m / np.linalg.norm(V, axis=1))[:, None] * V - W


def _ia3(layer: dict[str, Any], a: dict[str, Array], W: Array, first: int) -> Array:
    gain = a["l"].ravel() - 1
    if layer["shapes"]["l"][-1] == 1:
        return np.asarray(gain[first : first + len(W), None] * W)
    return np.asarray(W * gain)


def _oft(layer: dict[str, Any], a: dict[str, Array], W: Array, first: int) -> Array:
    R = rotation(layer, a)
    blocks = W.reshape(len(W), *R.shape[:2])
    return np.einsum("nkb,kcb->nkc", blocks, R - np.eye(R.shape[1])).reshape(W.shape)


CHANGES = {"LORA": _dora, "IA3": _ia3, "OFT": _oft}
"""Functions that change some rows, where that needs W."""
