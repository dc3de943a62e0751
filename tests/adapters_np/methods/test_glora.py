"""Consequences of GLoRA's formula."""

from typing import Any

import numpy as np

from adapters_np.core import perturbed
from adapters_np.methods.glora import GLoRA
from adapters_np.methods.hira import HiRA
from adapters_np.methods.ia3 import IA3
from adapters_np.methods.lora import LoRA
from tests.toy import weight

W = weight(48, 64)


def moved(**knobs: Any) -> GLoRA:
    rng = np.random.default_rng(1)
    return perturbed(GLoRA.init(W, rng, **knobs), rng, 1.0)


def test_it_is_hira_and_lora_side_by_side() -> None:
    adapter = moved()
    scaled = HiRA(adapter.gain_in, adapter.gain_out).delta(W)
    added = LoRA(adapter.shift_in, adapter.shift_out, 1.0).delta(W)
    np.testing.assert_allclose(adapter.delta(W), scaled + added, atol=1e-12)


def test_a_number_for_each_neuron_is_ia3_and_a_shift() -> None:
    adapter = moved(paths="vector")
    flat = adapter.delta(W) - IA3(1 + adapter.gain_out[:, 0], False).delta(W)
    np.testing.assert_allclose(flat, np.repeat(adapter.shift_out, 64, axis=1), atol=1e-12)


def test_one_number_scales_the_weight_and_one_is_added_to_every_entry() -> None:
    adapter = moved(paths="constant")
    gain, shift = adapter.gain_out[0, 0], adapter.shift_out[0, 0]
    np.testing.assert_allclose(adapter.delta(W), gain * W + shift, atol=1e-12)
