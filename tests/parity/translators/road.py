"""PEFT's RoadConfig; its flat vectors are put into the shape of the blocks."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.road import RoAd
from tests.parity.cases import Case, of

claims = of("ROAD")


def by_pair(case: Case, flat: Array) -> Array:
    """Return PEFT's vector as (d_out / 2, rows of the block, columns of the block)."""
    variant, half = case.effective["variant"], case.effective["group_size"] // 2
    if variant == "road_1":
        return flat.reshape(-1, 1, 1)
    if variant == "road_2":  # in the order of the outputs
        return flat.reshape(-1, 2, half).swapaxes(1, 2).reshape(-1, 2, 1)
    cosines, sines = flat.reshape(-1, 2, 2, half).transpose(1, 2, 0, 3).reshape(2, 2, -1)
    return np.array([[cosines[0], sines[0]], [sines[1], cosines[1]]]).transpose(2, 0, 1)


def adapter(case: Case) -> RoAd:
    theta, alpha = (by_pair(case, case[f"param.road_{name}"]) for name in ("theta", "alpha"))
    return RoAd(theta, alpha, case.effective["group_size"])


def bias(case: Case, adapter: RoAd) -> Array | None:
    b = case.find("b")
    return b if b is None else adapter.turn(b[:, None])[:, 0]


def gradients(case: Case) -> dict[str, Array]:
    return {name: by_pair(case, case[f"grad.road_{name}"]) for name in ("theta", "alpha")}
