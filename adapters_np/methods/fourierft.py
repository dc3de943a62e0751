r"""FourierFT believes that a change is a sum of few waves, and that random ones will do.

$$W' = W + \alpha\, \mathrm{Re}\, \mathcal F^{-1}(F), \qquad F_{j_l k_l} = c_l, \qquad
\Delta W_{pq} = \frac{\alpha}{d_\text{out} d_\text{in}} \sum_{l=1}^n c_l \cos
2\pi \Bigl( \frac{p j_l}{d_\text{out}} + \frac{q k_l}{d_\text{in}} \Bigr)$$

Source: gao2024fourierft, section 3.1, equations 2 to 4, with the inverse transform of Algorithm 1,
which divides by d_out · d_in; equation 3 prints it without.
Differs: the optional bias towards a band of frequencies is left out. In PEFT, which draws other
points, `init_weights=True` is the start at zero.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Absorbed, Alpha, Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most


@dataclass(frozen=True, eq=False)
class FourierFT(WeightAdapter):
    """Amplitudes of n waves over the grid of the weight's entries."""

    starts_at_identity = False  # The paper draws the amplitudes from N(0, 1).

    c: Annotated[Array, Learned("n_frequency", unit=4.0)]
    rows: Annotated[NDArray[np.intp], Frozen("n_frequency")]
    columns: Annotated[NDArray[np.intp], Frozen("n_frequency")]
    alpha: float

    gauges = ("rank", "fourier_entries", "half_turn", "relative_norm", "parameters")
    pictures = ("frequencies",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        n_frequency: Annotated[int, Range(1, 2048, letter="n")] = 128,
        alpha: Alpha = 8.0,
        zero_start: Annotated[bool, Absorbed] = False,
    ) -> Self:
        """Start with Gaussian amplitudes of deviation 1, which move the layer a little.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the points, drawn first, so that one seed gives all layers of one
                shape the same ones, and of the amplitudes.
            n_frequency: n, how many points of the frequency grid are trained.
            alpha: The scale. An entry of the fresh change has deviation α √(n/2) / (d_out d_in), so
                the paper's 300 suits sides of some thousands.
            zero_start: Start with amplitudes of zero, at the identity.

        Raises:
            ValueError: when there are fewer than n points.
        """
        at_most("n_frequency", n_frequency, "d_out·d_in", W.size)
        rows, columns = np.divmod(rng.choice(W.size, n_frequency, replace=False), W.shape[1])
        c = np.zeros(n_frequency) if zero_start else rng.normal(size=n_frequency)
        return cls(c, rows, columns, alpha)

    def delta(self, W: Array) -> Array:
        """Return α Re F⁻¹(F), (d_out, d_in); W does not enter."""
        F = np.zeros(W.shape)
        F[self.rows, self.columns] = self.c
        return self.alpha * np.fft.ifft2(F).real

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output with one transform of the tokens each way, (d_out, n)."""
        hidden = self.c[:, None] * np.fft.ifft(X, axis=0)[self.columns]  # (n_frequency, n)
        spectrum = np.zeros((len(W), X.shape[1]), complex)
        np.add.at(spectrum, self.rows, hidden)
        return W @ X + self.alpha * np.fft.ifft(spectrum, axis=0).real
