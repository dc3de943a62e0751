"""PEFT's ShadowConfig: what rides along a decoder block."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.shadow import Shadow
from tests.parity.cases import Case, of

claims = of("SHADOW", kind=None)


def adapter(case: Case) -> Shadow:
    def both(name: str) -> Array:
        return np.array(
            [case[f"param.shadow_update_{net}.{name}"] for net in ("transform", "gate")]
        )

    down, up = case["param.shadow_down.weight"], case["param.shadow_up.weight"]
    none = np.zeros((0, len(up)))
    return Shadow(
        D=down,
        U=up,
        inward=both("0.weight"),
        inner=both("0.bias"),
        outward=both("2.weight"),
        outer=both("2.bias"),
        F=none,
        E=none.T,
        alpha=case.effective["shadow_alpha"],
        blocks=1,
    )


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    ours = adapter(case)
    h, s, out = (np.swapaxes(case[name], 1, 2) for name in ("h", "s", "h_out"))
    injected, state = (np.swapaxes(case[f"y.{name}"], 1, 2) for name in ("injected", "state"))
    for i in range(len(h)):
        yield f"injected[{i}]", h[i] + ours.correction(h[i], s[i]), injected[i]
        yield f"state[{i}]", ours.update(out[i], s[i])[1], state[i]
