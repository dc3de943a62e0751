"""PEFT's LoraConfig with velora_config: a LoRA that goes backward through compressed inputs."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from tests.parity.cases import Case, columns
from tests.parity.translators.lora import adapter as adapter
from tests.parity.translators.lora import bias
from tests.parity.translators.lora import gradients as plain_gradients

DETACHED = {"A": "VeLoRA's backward pass sees inputs as multiples of one direction a group"}


def claims(case: Case) -> bool:
    return case.family == "LORA" and case.given("velora_config")


def direction(case: Case) -> Array:
    """Return the direction that inputs are compressed to: the forward pass may have moved it."""
    moved = case.find("buffer_after_forward.lora_velora_embed")
    return case["buffer.lora_velora_embed"] if moved is None else moved


def trained(case: Case) -> bool:
    """Return whether the case was recorded in training: else nothing is compressed."""
    return bool(direction(case).any()) and not np.allclose(slope(case), case["grad.lora_A.weight"])


def parts(case: Case) -> Array:
    """Return the inputs in groups, (n, groups, ⌈d_in / groups⌉); zeros fill the last ones."""
    x, size = columns(case["x"]).T, len(direction(case))
    spare = case.part("velora_config")["num_groups"] * size - x.shape[1]
    return np.pad(x, ((0, 0), (0, spare))).reshape(len(x), -1, size)


def slope(case: Case, x: Array | None = None) -> Array:
    """Return the gradient of A, (r, d_in), by inputs (n, d_in), by default as they are."""
    ours = adapter(case)
    return ours.s * ours.B.T @ columns(case["g"]) @ (columns(case["x"]).T if x is None else x)


def start(case: Case) -> Iterator[tuple[str, Array, Array]]:
    if case.part("velora_config")["init_type"] != "random" and trained(case):
        mean = parts(case).mean(axis=(0, 1))
        yield "the direction", mean / np.linalg.norm(mean), direction(case)


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    W, ours, v, b = case["W"], adapter(case), direction(case), bias(case, adapter(case))
    y = ours.forward(W, columns(case["x"]))
    yield "y", y if b is None else y + b[:, None], columns(case["y"])
    yield "W_merged", W + ours.delta(W), case["W_merged"]
    if trained(case):
        scale = case.part("velora_config")["scale"]
        groups = scale * (parts(case) @ v)[..., None] * v
        x = groups.reshape(len(groups), -1)[:, : W.shape[1]]
        yield "gradient of A", slope(case, x), case["grad.lora_A.weight"]


def gradients(case: Case) -> dict[str, Array]:
    found = plain_gradients(case)
    return found if trained(case) else {"B": found["B"]}  # A's is then checked by `trained`
