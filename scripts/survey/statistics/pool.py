"""Random-effects meta-analysis: what effects of several sources amount to, and how they differ.

It is written here since it is short, and no library that the site already needs has all of it:
REML for the heterogeneity, which is less biased for few sources than DerSimonian and Laird's
moments; Hartung and Knapp's interval, which unlike the normal one holds its level for few sources;
and a prediction interval. tests/scripts/survey/test_pool.py holds it against a published analysis.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from scripts.survey.statistics.intervals import Interval

ENOUGH = 3
"""Sources that it takes to pool: with two the interval would have one degree of freedom."""

STEPS, EXACT = 500, 1e-12


class Pooled(NamedTuple):
    """The mean effect over all sources like these, and that of the next such source.

    All are in the effects' unit; `tau` is the standard deviation of the sources' true effects.
    """

    mean: float
    low: float
    high: float
    tau: float
    least: float  # of the 95 % prediction interval
    most: float
    weights: tuple[float, ...]  # of the sources, with the sum 1

    @property
    def interval(self) -> Interval:
        return Interval(self.mean, self.low, self.high)


def heterogeneity(effects: Sequence[float], variances: Sequence[float]) -> float:
    """Return τ², the variance of the sources' true effects, by restricted maximum likelihood.

    Source: Viechtbauer 2005, Journal of Educational and Behavioral Statistics 30: Fisher scoring.

    >>> heterogeneity([1.0, 1.0, 1.0], [0.5, 0.1, 0.2])
    0.0
    """
    y, v = np.array(effects), np.array(variances)
    tau2 = max(0.0, float(np.var(y, ddof=1) - v.mean()))
    for _ in range(STEPS):
        w = 1 / (v + tau2)
        P = np.diag(w) - np.outer(w, w) / w.sum()
        step = (((P @ y) ** 2).sum() - np.trace(P)) / (P**2).sum()
        before, tau2 = tau2, max(0.0, float(tau2 + step))
        if abs(tau2 - before) <= EXACT * (1 + tau2):
            break
    return tau2


def pooled(effects: Sequence[float], variances: Sequence[float]) -> Pooled:
    """Return what effects of independent sources amount to.

    The interval is Hartung and Knapp's, never narrower than the normal one's variance gives (Röver
    et al. 2015, BMC Medical Research Methodology 15). The prediction interval is that of Higgins
    et al. 2009, Journal of the Royal Statistical Society A 172, with the same n − 1 degrees of
    freedom, as metafor has it beside Hartung and Knapp's interval: with three sources n − 2 would
    leave one degree, and an interval that says nothing.

    Args:
        effects: One of each source.
        variances: Of the effects' errors, in the square of their unit.

    Raises:
        ValueError: when there are fewer than three sources, or a variance is not positive.
    """
    n = len(effects)
    if n < ENOUGH or n != len(variances) or min(variances) <= 0:
        raise ValueError(
            f"{n} effects with the variances {list(variances)} cannot be pooled: it takes at least "
            f"{ENOUGH}, and a variance above 0 for each"
        )
    tau2 = heterogeneity(effects, variances)
    y, w = np.array(effects), 1 / (np.array(variances) + tau2)
    mean = float((w * y).sum() / w.sum())
    scatter = float((w * (y - mean) ** 2).sum()) / (n - 1)
    error2 = max(1.0, scatter) / float(w.sum())
    t = float(stdtrit(n - 1, 0.975))
    reach, far = t * sqrt(error2), t * sqrt(error2 + tau2)
    ends = (mean - reach, mean + reach, sqrt(tau2), mean - far, mean + far)
    return Pooled(mean, *ends, tuple(map(float, w / w.sum())))
