"""PEFT's PeanutConfig on linear layers, with the activations that transformers has."""

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.special import erf, expit

from adapters_np.linalg import Array
from adapters_np.methods.peanut import PEANuT
from tests.parity.cases import Case, of

claims = of("PEANUT")


def gelu(h: Array) -> Array:
    return h * (1 + erf(h / np.sqrt(2))) / 2


def gelu_by_tanh(h: Array) -> Array:
    return h * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3))) / 2


def softplus(h: Array) -> Array:
    return np.logaddexp(0.0, h)


def swish(h: Array, slope: float = 1.0) -> Array:
    return h * expit(slope * h)


def leaky(h: Array, slope: float) -> Array:
    return np.maximum(h, 0) + slope * np.minimum(h, 0)


def laplace(h: Array) -> Array:
    mean, spread = 0.707107, 0.282095  # rounded so in transformers
    return (1 + erf((h - mean) / (spread * np.sqrt(2)))) / 2


def xielu(h: Array) -> Array:
    slope, least = 0.80078125, -9.98377799987793e-07  # 0.8 and −1e-6 in bfloat16: never trained
    curved = np.where(h > 0, slope * h**2, slope * (np.expm1(np.minimum(h, least)) - h))
    return curved + h / 2


ACTIVATIONS: dict[str, Callable[[Array], Array] | None] = {
    "gelu": gelu,
    "gelu_python": gelu,
    "gelu_10": lambda h: np.clip(gelu(h), -10, 10),
    **dict.fromkeys(("gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh"), gelu_by_tanh),
    **dict.fromkeys(("gelu_accurate", "gelu_fast"), gelu_by_tanh),
    "hardswish": lambda h: h * np.clip(h + 3, 0, 6) / 6,
    "laplace": laplace,
    "leaky_relu": partial(leaky, slope=0.01),
    "linear": lambda h: h,
    "mish": lambda h: h * np.tanh(softplus(h)),
    "prelu": partial(leaky, slope=0.25),  # PEFT makes it anew in every pass: it is never trained
    "quick_gelu": partial(swish, slope=1.702),
    "relu": None,  # ours, where nothing is said
    "relu2": lambda h: np.maximum(h, 0) ** 2,
    "relu6": lambda h: np.clip(h, 0, 6),
    "sigmoid": expit,
    "silu": swish,
    "swish": swish,
    "sqrtsoftplus": lambda h: np.sqrt(softplus(h)),
    "tanh": np.tanh,
    "xielu": xielu,
}


def stacked(case: Case, kind: str, part: str) -> Array:
    """Return the layers of an encoder or a decoder, (depth, rank, rank)."""
    rank, depth = (case.effective[name] for name in ("r", "depth"))
    layers = [case[f"{kind}.peanut_{part}.{i}.weight"] for i in range(depth)]
    return np.array(layers).reshape(depth, rank, rank)


def adapter(case: Case) -> PEANuT:
    name = case.setting("act_fn")
    if name not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise case.refuse("act_fn", f"its numbers are not recorded, other than those of {known}")
    return PEANuT(
        A=case["param.peanut_A.weight"],
        E=stacked(case, "param", "encoders"),
        D=stacked(case, "param", "decoders"),
        B=case["param.peanut_B.weight"],
        s=case.effective["scaling"],
        rho=ACTIVATIONS[name],
    )


def gradients(case: Case) -> dict[str, Array]:
    found = {name: case[f"grad.peanut_{name}.weight"] for name in "AB"}
    if case.effective["depth"]:
        found |= {"E": stacked(case, "grad", "encoders"), "D": stacked(case, "grad", "decoders")}
    return found
