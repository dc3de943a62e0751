"""Changes of the base weights by an adapter that was trained on them, a slice of rows at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters_np.linalg import Array
from demos.adapter_kinds import flat, rotation, shaped, sound


def placed(layers: list[dict[str, Any]], shapes: list[list[int] | None]) -> list[dict[str, Any]]:
    """Say how each layer's weight lies in the base.

    An embedding and GPT-2's Conv1D are saved as inputs × outputs. A square weight does not show it:
    then the settings say it, or that a weight beside it fits the other way round only.

    Args:
        layers: Those of `adapter_file.layers`.
        shapes: The shapes of their weights, as the base has them, or None.

    Returns:
        For each `sides`, (d_out, d_in), or None, and `turned`, whether it is saved the other way
        round, or `why` it is not the layer's.
    """
    ways = [_ways(layer, shape) for layer, shape in zip(layers, shapes, strict=True)]
    crossed = any(
        way == [True] and not layer["embedding"] for layer, way in zip(layers, ways, strict=True)
    )
    found: list[dict[str, Any]] = []
    for layer, shape, way in zip(layers, shapes, ways, strict=True):
        if not shape:
            found.append({"sides": None, "turned": False, "why": ""})
            continue
        turned = way[0] if len(way) == 1 else layer["turned"] or crossed
        sides = [shape[0], int(np.prod(shape[1:]))]
        why = "" if way else _other(layer, sides)
        found.append({"sides": sides[::-1] if turned else sides, "turned": turned, "why": why})
    return found


def _ways(layer: dict[str, Any], shape: list[int] | None) -> list[bool]:
    """Return in which ways a weight fits: as it is, or turned."""
    if not shape or len(shape) < 2:
        return []
    straight = (shape[0], int(np.prod(shape[1:])))
    ways = {False: straight, True: straight[::-1]} if len(shape) == 2 else {False: straight}
    return [
        turned
        for turned, sides in ways.items()
        if (turned or not layer["embedding"])
        and all(w in (None, has) for w, has in zip(_sides(layer), sides, strict=True))
        and (layer["kind"] != "OFT" or sides[1] % _side(layer) == 0)
    ]


def _other(layer: dict[str, Any], sides: list[int]) -> str:
    rows, columns = sides
    d_out, d_in = _sides(layer)
    wanted = (
        " and ".join(
            f"{side} {many}" for side, many in ((d_out, "outputs"), (d_in, "inputs")) if side
        )
        or f"blocks of {_side(layer)} inputs"
    )
    return (
        f"{layer['weight']}.weight is {rows} × {columns}, and the adapter is for {wanted}: "
        "this is another base model."
    )


def against(layer: dict[str, Any], arrays: dict[str, Any], values: Any, first: int) -> list[float]:
    """Return ‖ΔW‖² and ‖W‖² of some rows of the base weight.

    Args:
        layer: One of `adapter_file.layers`, with its `sides`.
        arrays: The entries of its tensors by role, row by row.
        values: Entries of W from row `first` on, row by row.
        first: The first of these rows.

    Raises:
        ValueError: when an entry cannot be computed with.
    """
    W = np.array(values, dtype=float)
    sound(f"{layer['weight']}.weight", W)
    if not needs(layer):
        return [0.0, float((W**2).sum())]
    moved = CHANGES[layer["kind"]](
        layer, shaped(layer, arrays), W.reshape(-1, layer["sides"][1]), first
    )
    return [float((moved**2).sum()), float((W**2).sum())]


def needs(layer: dict[str, Any]) -> bool:
    """Return whether the change cannot be known without W."""
    return layer["kind"] in ("IA3", "OFT") or "m" in layer["shapes"]


def _side(layer: dict[str, Any]) -> int:
    """Return the side of OFT's blocks."""
    return (1 + int(np.sqrt(1 + 8 * layer["shapes"]["R"][1]))) // 2


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
            return None, None if layer["shared"] else s["R"][0] * _side(layer)
        case "VERA":
            return int(np.prod(s["b"])), None
        case "LOKR":
            sides = [s.get(b) or (s[f"{b}_a"][0], *s[f"{b}_b"][1:]) for b in ("w1", "w2")]
            return sides[0][0] * sides[1][0], int(np.prod([*sides[0][1:], *sides[1][1:]]))
    return None, None


def _dora(layer: dict[str, Any], a: dict[str, Array], W: Array, first: int) -> Array:
    rows = slice(first, first + len(W))
    V = W + layer["scale"] * flat(a["B"])[rows] @ flat(a["A"])
    lengths = np.linalg.norm(V, axis=1)
    if not lengths.all():
        raise ValueError(
            f"{layer['weight']}.weight: row {first + int(lengths.argmin())} of W + s B A is zero, "
            "and DoRA divides by its length."
        )
    return (a["m"].ravel()[rows] / lengths)[:, None] * V - W


def _ia3(layer: dict[str, Any], a: dict[str, Array], W: Array, first: int) -> Array:
    gain = a["l"].ravel() - 1
    if layer["shapes"]["l"][-1] == 1:
        return np.asarray(gain[first : first + len(W), None] * W)
    return np.asarray(W * gain)


def _oft(layer: dict[str, Any], a: dict[str, Array], W: Array, first: int) -> Array:
    R = rotation(layer, a)
    blocks = W.reshape(len(W), -1, R.shape[1])
    R = np.broadcast_to(R, (blocks.shape[1], *R.shape[1:]))  # a shared block is repeated
    return np.einsum("nkb,kcb->nkc", blocks, R - np.eye(R.shape[1])).reshape(W.shape)


CHANGES = {"LORA": _dora, "IA3": _ia3, "OFT": _oft}
"""Functions that change some rows, where that needs W."""
