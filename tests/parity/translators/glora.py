"""PEFT's GloraConfig on linear layers; what it does to a bias is held against its formula here."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.glora import GLoRA
from tests.parity.cases import Case, of

PARTS = {"gain": "A", "shift": "B"}
claims = of("GLORA")


def parts(case: Case, kind: str) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for ours, theirs in PARTS.items():
        left, right = (case.find(f"{kind}.glora_{theirs}.{name}") for name in ("Xd", "Xu"))
        if left is None or right is None:
            one = case.find(f"{kind}.glora_{theirs}.X")  # none where the path is "none"
            left = np.zeros((1, 1) if kind == "param" else 0) if one is None else one
            left, right = left.reshape(-1, 1), np.zeros((0, case["W"].shape[1]))
        found |= {f"{ours}_out": left, f"{ours}_in": right}
    return found


def adapter(case: Case) -> GLoRA:
    return GLoRA(**parts(case, "param"))


def of_bias(case: Case, name: str) -> Array:
    """Return what PEFT has for C, D or E."""
    left, right = (case.find(f"param.glora_{name}.{part}") for part in ("Xd", "Xu"))
    if left is not None and right is not None:
        return np.asarray(left @ right)
    whole = case.find(f"param.glora_{name}.X")
    return case[f"buffer.glora_{name}.zeros"] if whole is None else whole


def bias(case: Case, adapter: GLoRA) -> Array | None:
    b = case.find("b")
    if b is None:
        return None
    C, D, E = (of_bias(case, name) for name in "CDE")
    return np.asarray(b + b * D + E + (case["W"] @ C)[:, 0])


def gradients(case: Case) -> dict[str, Array]:
    return {name: g for name, g in parts(case, "grad").items() if g.size}
