"""Consequences of GLoRA's formula."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import parameters, perturbed
from adapters_np.linalg import row_norms
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


def test_a_gain_turns_no_neuron_and_a_shift_turns_all_towards_one_direction() -> None:
    adapter = moved(paths="vector")
    gain = replace(adapter, shift_out=0 * adapter.shift_out)
    after = W + gain.delta(W)
    cosines = (W * after).sum(axis=1) / row_norms(W) / row_norms(after)
    np.testing.assert_allclose(np.abs(cosines), 1)
    assert np.linalg.matrix_rank(adapter.delta(W) - gain.delta(W)) == 1


def test_one_number_scales_the_weight_and_one_is_added_to_every_entry() -> None:
    adapter = moved(paths="constant")
    gain, shift = adapter.gain_out[0, 0], adapter.shift_out[0, 0]
    np.testing.assert_allclose(adapter.delta(W), gain * W + shift, atol=1e-12)


@pytest.mark.parametrize(
    ("paths", "count"), [("lora", 2 * 4 * 112), ("vector", 96), ("constant", 2)]
)
def test_parameters(paths: str, count: int) -> None:
    assert parameters(GLoRA, 48, 64, rank=4, paths=paths) == count
