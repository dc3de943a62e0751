"""PEFT's LoraConfig with a start that is computed: LoRA-GA, CorDA, EVA, OLoRA, orthogonal."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from adapters_np.linalg import Array, thin_svd
from adapters_np.methods.lora_starts import LoRAStart, by_context, by_frame, by_gradient, by_inputs
from tests.parity.cases import Case
from tests.parity.translators.lora import ARRAYS, begun, linear, started
from tests.parity.translators.lora import bias as bias
from tests.parity.translators.lora import gradients as gradients

STARTS = ("lora_ga", "corda", "eva", "olora", "orthogonal")


def directions(name: str, A_0: Array, Vt: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which right and which left singular vectors of the gradient PEFT takes.

    "random" takes the same r of the first 2r on both sides; which, PEFT's own A says.
    """
    r = len(A_0)
    first, second = np.arange(r), np.arange(r, 2 * r)
    if name == "random":
        drawn = np.abs(A_0 @ Vt[: 2 * r].T).argmax(axis=1)
        assert len(set(drawn)) == r, f"PEFT's A has twice the same direction: {drawn}"
        return drawn, drawn
    turns = (np.arange(1, 2 * r, 2), np.arange(0, 2 * r, 2))
    return {"ArB2r": (first, second), "A2rBr": (second, first), "ArBr": turns}[name]


def by_weight(case: Case, strength: float, begun: Array, B: Array) -> float:
    """Return what brings a first singular value to the weight's.

    PEFT takes the latter from a randomised SVD of rank r, which falls short of it a little: the
    factor is PEFT's own, and within a twentieth of the exact one.
    """
    theirs = float(np.linalg.norm(begun) / np.linalg.norm(B))
    exact = thin_svd(case["W0"])[1][0] / strength
    assert 0.95 < theirs / exact < 1.0001, f"PEFT scales by {theirs}, the weight says {exact}"
    return theirs


def claims(case: Case) -> bool:
    return linear(case) and started(case, *STARTS)


def adapter(case: Case) -> LoRAStart:
    factors, A_0, B_0 = case.ours("param", ARRAYS), begun(case, "A"), begun(case, "B")
    core = np.zeros((0, len(A_0)))
    return LoRAStart(**factors, M=core, A_0=A_0, B_0=B_0, s=case.effective["scaling"])


def weight(case: Case) -> Array:
    """Return what is left inside PEFT's layer with the factors' start put back."""
    ours = adapter(case)
    return case["W"] + ours.s * ours.B_0 @ ours.A_0


def projector(rows: Array) -> Array:
    """Return the projection onto the span of rows."""
    Q = np.linalg.qr(rows.T)[0]
    return Q @ Q.T


def by_peft_gradient(case: Case) -> Iterator[tuple[str, Array, Array]]:
    """Yield factors by PEFT's directions and scales, up to the sign of each pair."""
    config, theirs, across = case.part("lora_ga_config"), adapter(case), case.sidecar.get("conv1d")
    gradient = case["calib.grad"].T if across else case["calib.grad"]  # Conv1D stores (d_in, d_out)
    U, sigma, Vt = thin_svd(gradient)
    rows, columns = directions(config["direction"], theirs.A_0, Vt)
    B: Array = U[:, columns] * sigma[columns]
    if config["scale"] == "weight_svd":
        gain = (1.0, by_weight(case, sigma[columns][0], theirs.B_0, B))
    else:
        stored = len(case["calib.grad"])
        gain = {
            "stable": (1.0, stored**0.25 / config["stable_gamma"] ** 0.5),
            "gd_scale": (1 / theirs.s, 1 / theirs.s),
            "unit": (1.0, 1.0),
        }[config["scale"]]
    yield "A up to signs", np.abs(gain[0] * Vt[rows]), np.abs(theirs.A_0)
    yield "B up to signs", np.abs(gain[1] * B), np.abs(theirs.B_0)
    if config["direction"] == "ArB2r":
        A, B = by_gradient(gradient, np.arange(2 * len(theirs.A)))
        yield "rows of A", projector(A), projector(theirs.A_0)
        yield "columns of B", projector(B.T), projector(theirs.B_0.T)


def start(case: Case) -> Iterator[tuple[str, Array, Array]]:
    kind, W, theirs = case.setting("init_lora_weights"), case["W0"], adapter(case)
    r, product = len(theirs.A), theirs.B_0 @ theirs.A_0
    yield "weight", W, weight(case)
    if kind == "lora_ga" and case.layer in ("", "L0"):  # the gradient is recorded of the first
        yield from by_peft_gradient(case)
    elif kind == "eva":
        (X,) = case["calib.x"]
        yield "rows of A", projector(by_inputs(X.T, np.arange(r))), projector(theirs.A_0)
        yield "rows of length one", theirs.A_0 @ theirs.A_0.T, np.eye(r)
    elif kind == "corda":
        inputs = [X / np.abs(X.max()) for X in case["calib.x"]]
        C = np.mean([X.T @ X for X in inputs], axis=0)
        used = case.part("corda_config")["corda_method"] == "ipm"
        A, B = by_context(W, C, np.arange(r) if used else np.arange(-r, 0))
        yield "what is taken out of the weight", B @ A, theirs.s * product
    elif kind == "olora":
        A, B = by_frame(W, np.arange(r))
        yield "B A", B @ A, product
    else:
        yield "B A", np.zeros(W.shape), product
