"""Means with intervals, and agreement between rankings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf, sqrt
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.special import stdtrit


class Interval(NamedTuple):
    mean: float
    low: float
    high: float

    @property
    def none(self) -> bool:
        """Return whether the interval holds zero: then there is no effect to speak of."""
        return self.low <= 0 <= self.high


def interval(values: Iterable[float], among: int = 1) -> Interval:
    """Return the mean of values, with the interval that `among` such intervals share the risk of.

    >>> found = interval([1.0, 2.0, 3.0])
    >>> round(found.mean, 9), round(found.low, 3), round(found.high, 3)
    (2.0, -0.484, 4.484)
    """
    sample = list(values)
    if len(sample) < 2:
        return Interval(fmean(sample), -inf, inf)
    t = stdtrit(len(sample) - 1, 1 - 0.025 / among)
    reach = float(t) * stdev(sample) / sqrt(len(sample))
    middle = fmean(sample)
    return Interval(middle, middle - reach, middle + reach)


def over_groups(groups: Sequence[Sequence[float]], draws: int = 2000) -> Interval:
    """Return the mean of all values, and its 95 % interval: groups are drawn, not values.

    >>> over_groups([[1.0, 1.0], [1.0]])
    Interval(mean=1.0, low=1.0, high=1.0)
    """
    sums, counts = np.array([[sum(group), len(group)] for group in groups]).T
    drawn = np.random.default_rng(0).integers(len(groups), size=(draws, len(groups)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(sums.sum() / counts.sum()), float(low), float(high))


def kendall(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return Kendall's τ between two rankings of the same methods.

    >>> kendall({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 3, "c": 2})  # doctest: +ELLIPSIS
    0.333...
    """
    names = sorted(one.keys() & other.keys())
    return float(stats.kendalltau([one[n] for n in names], [other[n] for n in names]).statistic)


class Agreement(NamedTuple):
    """A rank correlation with its two-sided p and a 95 % bootstrap interval."""

    n: int
    rho: float
    p: float
    low: float
    high: float


def spearman(pairs: Sequence[tuple[float, float]], draws: int = 4000) -> Agreement:
    table = np.array(pairs)
    result = stats.spearmanr(table)
    drawn = np.random.default_rng(0).integers(0, len(table), size=(draws, len(table)))
    ranks = [stats.rankdata(table[drawn][:, :, k], axis=1) for k in (0, 1)]
    a, b = (r - r.mean(axis=1, keepdims=True) for r in ranks)
    norms = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    rhos = (a * b).sum(axis=1)[norms > 0] / norms[norms > 0]
    low, high = np.quantile(rhos, [0.025, 0.975])
    return Agreement(
        len(table), float(result.statistic), float(result.pvalue), float(low), float(high)
    )
