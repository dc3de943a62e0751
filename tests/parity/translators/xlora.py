"""PEFT's XLoraConfig: weights are logits, a softmax of them, or one after the cut, or both."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from adapters_np.layers import softmax
from adapters_np.linalg import Array
from adapters_np.methods.xlora import XLoRA
from tests.parity.cases import Case, of

claims = of("XLORA", kind=None)


def experts(case: Case, factor: str) -> Array:
    """Return the factors of all experts, stacked."""
    found: list[Array] = []
    while (one := case.find(f"param.{len(found)}.lora_{factor}")) is not None:
        found.append(one)
    return np.stack(found)


def classifier(case: Case) -> list[tuple[Array, Array]]:
    """Return weight and bias of every layer of PEFT's gate, the last layer last."""
    name = "param.classifier.layers."
    places = sorted(
        int(k.removeprefix(name).removesuffix(".weight"))
        for k in case.arrays
        if k.startswith(name) and k.endswith(".weight")
    )
    return [(case[f"{name}{i}.weight"], case[f"{name}{i}.bias"]) for i in places]


def adapter(case: Case) -> XLoRA:
    A = experts(case, "A")
    G, c = classifier(case)[-1]
    if case.setting("layerwise_scalings"):  # the rows of the layer that was watched
        rows = slice(*(len(A) * (case.effective["watched_layer"] + np.arange(2))))
        G, c = G[rows], c[rows]
    plain = case.setting("enable_softmax")
    return XLoRA(
        A=A,
        B=experts(case, "B"),
        G=G,
        c=c,
        s=case.effective["scaling"] * case.setting("global_scaling_weight"),
        temperature=case.setting("softmax_temperature") if plain else 1.0,
        top_k=case.setting("top_k_lora") or len(A),
        renormalise=not plain,
    )


def by_hand(ours: XLoRA, scalings: Array, again: bool) -> Array:
    """Return weights with no softmax before the cut, or with one before and one after it.

    Scalings are (experts, n). The largest are kept, and a softmax after the cut leaves out zeros.
    """
    places = np.argsort(np.argsort(-scalings, axis=0, stable=True), axis=0, stable=True)
    kept = np.where(places < ours.top_k, scalings, 0.0)
    return softmax(np.where(kept != 0, kept, -np.inf).T).T if again else kept


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    ours, W = adapter(case), case["W0"]
    for row, (hidden, x) in enumerate(zip(case["hidden"], case["x"], strict=True)):
        H = hidden.T
        for weight, bias in classifier(case)[:-1]:
            H = np.maximum(weight @ H + bias[:, None], 0)
        before, after = case.setting("enable_softmax"), case.setting("enable_softmax_topk")
        everyone = replace(ours, top_k=len(ours.A), renormalise=False)
        weights = everyone.gate(H) if before else ours.G @ H + ours.c[:, None]
        scalings = case["scalings"][row, :, case.effective["watched_layer"]]
        yield f"weights[{row}]", weights, scalings.T
        gate = ours.gate(H) if before != after else by_hand(ours, weights, after)
        yield f"y[{row}]", ours.mix(W, x.T, gate), case["y"][row].T
