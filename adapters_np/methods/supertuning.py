r"""Super-Tuning trains the weights that a pruning score picks; Supra adds a low-rank change.

$$W' = W + \sum_{l=1}^K \theta_l\, e_{i_l} e_{j_l}^\top + s\,B A, \qquad s = \alpha / r$$

The places are those of the K entries of largest |W|. Without B A it is Super.

Source: supertuning2026, its formula as PEFT implements it.
Differs: the number of places is rounded up; PEFT rounds it down. The paper's
other score, which weighs entries by the inputs, needs data; PEFT leaves it out as well.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Alpha, Departs, Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, kaiming_uniform

COUNT = "ceil(density * d_out * d_in)"


@dataclass(frozen=True, eq=False)
class SuperTuning(WeightAdapter):
    """Entries of the weight that are trained in place, and a pair of thin factors beside them."""

    theta: Annotated[Array, Learned(COUNT, unit=0.2)]
    A: Annotated[Array, Learned("rank, d_in", unit=0.15)]
    B: Annotated[Array, Learned("d_out, rank", unit=0.15)]
    rows: Annotated[NDArray[np.intp], Frozen(COUNT)]
    columns: Annotated[NDArray[np.intp], Frozen(COUNT)]
    s: float

    gauges = ("rank", "stable_rank", "changed_entries", "relative_norm", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(0, 8, letter="r")] = 4,
        density: Annotated[float, Range(0.01, 0.25, 0.01)] = 0.05,
        entries: Annotated[Literal["largest", "smallest"], Departs("smallest")] = "largest",
        alpha: Alpha = 8.0,
    ) -> Self:
        """Start at the identity: θ and B are zero, A is random.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A.
            rank: r of the low-rank part; 0 is Super, anything else Supra.
            density: The share of entries that are trained in place.
            entries: Which end of |W| they are.
            alpha: The numerator of the low-rank part's scale.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        d_out, d_in = W.shape
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        sign = -1.0 if entries == "largest" else 1.0
        order = np.argsort(sign * np.abs(W), axis=None, stable=True)
        rows, columns = np.divmod(order[: int(np.ceil(density * W.size))], d_in)
        A = kaiming_uniform(rng, (rank, d_in))
        return cls(
            np.zeros(len(rows)), A, np.zeros((d_out, rank)), rows, columns, alpha / (rank or 1)
        )

    def delta(self, W: Array) -> Array:
        """Return θ at its places plus s B A, (d_out, d_in)."""
        return self.entries(W) + self.s * self.B @ self.A

    def entries(self, W: Array) -> Array:
        """Return the change of single entries, (d_out, d_in)."""
        change = np.zeros(W.shape)
        change[self.rows, self.columns] = self.theta
        return change

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: both parts of the change."""
        both = {"B A": self.B @ self.A, "single entries": self.entries(W)}
        return "ΔW = s · B A + single entries", both
