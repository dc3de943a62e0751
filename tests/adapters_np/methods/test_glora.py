"""Consequences of GLoRA's formula."""

from functools import partial

import numpy as np

from adapters_np.methods.glora import GLoRA
from adapters_np.methods.hira import HiRA
from adapters_np.methods.lora import LoRA
from tests.toy import stepped, weight

W = weight(48, 64)
moved = partial(stepped, GLoRA, W)


def test_it_is_hira_and_lora_side_by_side() -> None:
    adapter = moved()
    scaled = HiRA(adapter.gain_in, adapter.gain_out).delta(W)
    added = LoRA(adapter.shift_in, adapter.shift_out, 1.0).delta(W)
    np.testing.assert_allclose(adapter.delta(W), scaled + added, atol=1e-12)
