"""Controls of WaveFT, which believes in patterns that are local in place and scale."""

from dataclasses import dataclass, replace

import numpy as np

from adapters_np.control import InFrame, OutFrame, control, grown, orthonormal
from adapters_np.errors import KnobError
from adapters_np.linalg import Array
from adapters_np.methods.waveft import WaveFT


@dataclass(frozen=True, eq=False)
class RotatedWaveFT(OutFrame, InFrame, WaveFT):
    """The wavelets between two random bases."""


@control("relocated")
def rotated(fresh: WaveFT, W: Array, rng: np.random.Generator) -> RotatedWaveFT:
    """Turn the wavelets by a basis drawn at random on either side.

    Taken out: that patterns are local. Kept: every inner product between two of them, so the
    dimension reached, ranks, the size of a step.
    """
    frames = {"out_frame": orthonormal(rng, len(W)), "in_frame": orthonormal(rng, W.shape[1])}
    return grown(RotatedWaveFT, fresh, **frames)


@control("relocated")
def single_entries(fresh: WaveFT, W: Array, rng: np.random.Generator) -> WaveFT:
    """Train as many single entries of the weight, drawn at random.

    Taken out: the scales, as each pattern is one entry. Kept: how many parameters there are.
    """
    if fresh.wavelet == "none":
        raise KnobError("wavelet", "none", "has no scales to take out")
    rows, columns = np.divmod(rng.choice(W.size, len(fresh.c), replace=False), W.shape[1])
    return replace(fresh, rows=rows, columns=columns, wavelet="none")
