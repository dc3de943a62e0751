"""PEFT's XLoraConfig with weights that are a softmax."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.xlora import XLoRA
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    config = case.config
    plain, kept = config.get("enable_softmax", True), config.get("enable_softmax_topk", False)
    return case.sidecar["peft_type"] == "XLORA" and plain != kept  # one softmax: not none, not two


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
    A, config = experts(case, "A"), case.config
    G, c = classifier(case)[-1]
    if config.get("layerwise_scalings", False):  # the rows of the layer that was watched
        rows = slice(*(len(A) * (case.effective["watched_layer"] + np.arange(2))))
        G, c = G[rows], c[rows]
    plain = config.get("enable_softmax", True)
    return XLoRA(
        A=A,
        B=experts(case, "B"),
        G=G,
        c=c,
        s=case.effective["scaling"] * config.get("global_scaling_weight", 1.0),
        temperature=config.get("softmax_temperature", 1.0) if plain else 1.0,
        top_k=config.get("top_k_lora") or len(A),
        renormalise=not plain,
    )


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    ours, W = adapter(case), case["W0"]
    for row, (hidden, x) in enumerate(zip(case["hidden"], case["x"], strict=True)):
        H = hidden.T
        for weight, bias in classifier(case)[:-1]:
            H = np.maximum(weight @ H + bias[:, None], 0)
        if not ours.renormalise:
            weights = replace(ours, top_k=len(ours.A)).gate(H)
            scalings = case["scalings"][row, :, case.effective["watched_layer"]]
            yield f"weights[{row}]", weights, scalings.T
        yield f"y[{row}]", ours.mix(W, x.T, ours.gate(H)), case["y"][row].T
