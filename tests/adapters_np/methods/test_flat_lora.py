"""Consequences of Flat-LoRA's formula."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.linalg import row_norms
from adapters_np.methods.flat_lora import FlatLoRA
from tests.toy import stepped, weight

W = weight(48, 32)


def test_noise_follows_the_rows_of_the_merged_weight_and_is_never_served() -> None:
    moved = stepped(FlatLoRA, W, sigma=0.3)
    merged, noise = W + moved.delta(W), moved.perturbation(W)
    np.testing.assert_allclose(noise, 0.3 * row_norms(merged)[:, None] / np.sqrt(32) * moved.Z)
    np.testing.assert_array_equal(moved.forward(W, np.eye(32)), merged)


def test_noise_through_the_factors_leaves_out_what_neither_reads_nor_writes() -> None:
    bound = stepped(FlatLoRA, W, rank=4, noise="factors")
    noise, free = bound.perturbation(W), replace(bound, through="weight").perturbation(W)
    reads, writes = np.linalg.pinv(bound.A) @ bound.A, bound.B @ np.linalg.pinv(bound.B)
    outside = (np.eye(48) - writes) @ noise @ (np.eye(32) - reads)
    np.testing.assert_allclose(outside, 0, atol=1e-12)
    assert np.linalg.norm(noise) == pytest.approx(np.linalg.norm(free))
