"""Consequences of LoRA-XS's formula."""

import numpy as np

from adapters_np.core import perturbed
from adapters_np.linalg import thin_svd
from adapters_np.methods.lora_xs import LoRAXS
from adapters_np.methods.tinylora import TinyLoRA
from tests.toy import weight

W = weight(48, 64)
U, SIGMA, VT = thin_svd(W)


def fresh(rank: int = 3) -> LoRAXS:
    return LoRAXS.init(W, np.random.default_rng(0), rank=rank)


def test_change_lies_between_the_leading_singular_directions_and_strong_outputs_move_most() -> None:
    adapter = perturbed(fresh(), np.random.default_rng(1), 1.0)
    core = U.T @ adapter.delta(W) @ VT.T
    np.testing.assert_allclose(core[:3, :3], SIGMA[:3, None] * adapter.R, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(core[:3, :3]), np.linalg.norm(core))


def test_every_change_of_tinylora_is_one_of_lora_xs() -> None:
    rng = np.random.default_rng(3)
    tiny = perturbed(TinyLoRA.init(W, rng, rank=3, u=5), rng, 1.0).delta(W)
    np.testing.assert_allclose(fresh().nearest(W, tiny).delta(W), tiny, atol=1e-10)
