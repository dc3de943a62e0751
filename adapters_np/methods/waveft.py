r"""WaveFT believes that a change is sparse in a basis that is local in place and in scale.

$$W' = W + s\, S_\text{out}\, F\, S_\text{in}^\top, \qquad F_{j_l k_l} = c_l$$

The columns of S are the coarse and the fine wavelets of one level: sums and differences of
neighbours where the wavelet is Haar's.

Source: bilican2025waveft, its formula as PEFT implements it; peft2026benchmark for the runs.
Differs: points are drawn from the whole grid of coefficients, which is larger than the weight for
db2; PEFT draws from its middle, and exchanges the quadrants of sums with differences. PEFT has more
wavelets by name; here any other comes by its filter.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Alpha, Departs, Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most

Wavelet = Literal["haar", "db2", "none"]


Filter = str | tuple[float, ...]
"""A wavelet by its name, or any other by its low-pass filter of even length."""


def low_pass(wavelet: Filter) -> Array:
    """Return the filter of Haar's wavelet, or Daubechies' with two vanishing moments, or itself."""
    if not isinstance(wavelet, str):
        return np.array(wavelet)
    if wavelet == "haar":
        return np.array([1.0, 1.0]) / np.sqrt(2.0)
    root = np.sqrt(3.0)
    return np.array([1 + root, 3 + root, 3 - root, 1 - root]) / (4 * np.sqrt(2.0))


def synthesis(d: int, wavelet: Filter) -> Array:
    """Return the matrix from coefficients to d values: coarse columns first, then fine ones.

    It is (d, d + L − 2), made even, for a filter of length L, and the identity without a wavelet.

    >>> (synthesis(4, "haar") * np.sqrt(2)).round().astype(int)
    array([[ 1,  0,  1,  0],
           [ 1,  0, -1,  0],
           [ 0,  1,  0,  1],
           [ 0,  1,  0, -1]])
    """
    if wavelet == "none":
        return np.eye(d)
    low = low_pass(wavelet)
    length, signs = len(low), (-1.0) ** np.arange(len(low))
    half = (d + length - 1) // 2
    whole = np.zeros((2 * half + length - 2, 2 * half))
    for k in range(half):
        whole[2 * k : 2 * k + length, k] = low
        whole[2 * k : 2 * k + length, half + k] = signs * low[::-1]
    cut = (len(whole) - d) // 2
    return whole[cut : cut + d]


@dataclass(frozen=True, eq=False)
class WaveFT(WeightAdapter):
    """Amplitudes of n products of a wavelet over outputs and one over inputs."""

    c: Annotated[Array, Learned("n_frequency", unit=0.25)]
    rows: Annotated[NDArray[np.intp], Frozen("n_frequency")]
    columns: Annotated[NDArray[np.intp], Frozen("n_frequency")]
    scale: float
    wavelet: Filter

    gauges = ("rank", "stable_rank", "changed_entries", "relative_norm", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        n_frequency: Annotated[int, Range(1, 2048, letter="n")] = 128,
        wavelet: Annotated[Wavelet, Departs("none")] = "haar",
        scale: Alpha = 1.0,
    ) -> Self:
        """Start at the identity: all amplitudes are zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the points.
            n_frequency: n, how many coefficients are trained.
            wavelet: Haar's, Daubechies' db2, or none: then single entries are trained.
            scale: s, which multiplies the change.

        Raises:
            ValueError: when there are fewer than n coefficients.
        """
        at_most("n_frequency", n_frequency, "d_out·d_in", W.size)
        sides = [synthesis(d, wavelet).shape[1] for d in W.shape]
        points = rng.choice(sides[0] * sides[1], n_frequency, replace=False)
        return cls(np.zeros(n_frequency), *np.divmod(points, sides[1]), scale, wavelet)

    def delta(self, W: Array) -> Array:
        """Return s S_out F S_inᵀ, (d_out, d_in); W does not enter."""
        S_out, S_in = (synthesis(d, self.wavelet) for d in W.shape)
        return self.scale * S_out @ self.coefficients(W) @ S_in.T

    def coefficients(self, W: Array) -> Array:
        """Return F, zero but for the trained amplitudes."""
        sides = [synthesis(d, self.wavelet).shape[1] for d in W.shape]
        F = np.zeros((sides[0], sides[1]))
        F[self.rows, self.columns] = self.c
        return F

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: one amplitude for each wave."""
        return "ΔW, the sum of all waves", {"amplitudes of waves": self.coefficients(W)}

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by the tokens' own wavelet coefficients, (d_out, n)."""
        S_out, S_in = (synthesis(d, self.wavelet) for d in W.shape)
        hidden = self.c[:, None] * (S_in.T @ X)[self.columns]  # (n_frequency, n)
        return W @ X + self.scale * S_out[:, self.rows] @ hidden
