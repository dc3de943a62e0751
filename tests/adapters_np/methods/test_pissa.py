"""Claims of PiSSA's paper."""

from typing import Literal

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import thin_svd
from adapters_np.methods.lora import LoRA
from adapters_np.methods.pissa import PiSSA
from tests.toy import singular_values, weight

W = weight(48, 64)


def fresh(rank: int = 6, alpha: float = 6.0) -> PiSSA:
    return PiSSA.init(W, np.random.default_rng(1), rank=rank, alpha=alpha)


def moved(rank: int = 6, alpha: float = 6.0, step: float = 0.5) -> PiSSA:
    return perturbed(fresh(rank, alpha), np.random.default_rng(2), step)


def outside(change: np.ndarray, rank: int) -> float:
    """Return the share of a change's norm outside both leading singular subspaces."""
    U, _, Vt = thin_svd(W)
    rest = change - U[:, :rank] @ (U[:, :rank].T @ change)
    rest = rest - rest @ Vt[:rank].T @ Vt[:rank]
    return float(np.linalg.norm(rest) / np.linalg.norm(change))


def test_change_leaves_the_principal_subspaces_at_second_order_only() -> None:
    small, large = (outside(moved(6, step=step).delta(W), 6) for step in (1e-4, 1.0))
    assert small < 1e-3
    assert large > 0.1


@pytest.mark.parametrize("alpha", [3.0, 12.0])
def test_plain_lora_of_rank_two_r_makes_the_same_change(alpha: float) -> None:
    adapter = moved(6, alpha)
    B, A = adapter.as_lora()
    assert len(A) == 12
    np.testing.assert_allclose(LoRA(A, B, adapter.s).delta(W), adapter.delta(W), atol=1e-12)


@pytest.mark.parametrize(("components", "first"), [("principal", 0), ("medium", 21), ("minor", 42)])
def test_medium_and_minor_components_are_the_middle_and_the_end_of_the_spectrum(
    components: Literal["principal", "medium", "minor"], first: int
) -> None:
    adapter = PiSSA.init(W, np.random.default_rng(0), rank=6, alpha=6, components=components)
    part = singular_values(adapter.B @ adapter.A)[:6]
    np.testing.assert_allclose(part, singular_values(W)[first : first + 6], atol=1e-12)
