"""PEFT's LoraConfig with velora_config: a LoRA that goes backward through compressed inputs."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from tests.parity.cases import Case
from tests.parity.translators.lora import adapter as adapter
from tests.parity.translators.lora import gradients as gradients

DETACHED = {"A": "VeLoRA's backward pass sees inputs as multiples of one direction a group"}


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "LORA" and "velora_config" in case.config


def parts(case: Case) -> Array:
    """Return the inputs in groups, (n, groups, d_in / groups)."""
    x: Array = case["x"]
    return x.reshape(len(x), case.config["velora_config"]["num_groups"], -1)


def start(case: Case) -> Iterator[tuple[str, Array, Array]]:
    mean = parts(case).mean(axis=(0, 1))
    theirs = case["buffer_after_forward.lora_velora_embed"]
    yield "the direction", mean / np.linalg.norm(mean), theirs


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    W, ours, v = case["W"], adapter(case), case["buffer_after_forward.lora_velora_embed"]
    x = ((parts(case) @ v)[..., None] * v).reshape(case["x"].shape)
    yield "y", ours.forward(W, case["x"].T), case["y"].T
    yield "W_merged", W + ours.delta(W), case["W_merged"]
    yield "gradient of A", ours.s * ours.B.T @ case["g"].T @ x, case["grad.lora_A.weight"]
