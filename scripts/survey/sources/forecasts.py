"""Predictions as probabilities, and Brier's score of those that are settled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import NamedTuple

from scripts.survey.sources.claims import Prediction

COIN = 0.5
"""The probability of somebody who knows nothing, whose score is a quarter whatever comes."""


class Forecast(NamedTuple):
    """A prediction with the probabilities that it is scored by."""

    prediction: Prediction
    survey: float
    stated: bool  # whether the survey gives its probability, or the rule does
    ours: float

    @property
    def holds(self) -> bool | None:
        return {"holds": True, "fails": False}.get(self.prediction.outcome or "")


class Score(NamedTuple):
    """Brier's score of all predictions that are settled, of the survey, of us and of a coin."""

    n: int
    survey: float
    ours: float
    coin: float


def forecasts(predictions: Sequence[Prediction]) -> list[Forecast]:
    """Return every prediction with its probabilities.

    One that the survey states without a probability has the mean of those that it does give.
    """
    given = [p.confidence for p in predictions if p.confidence is not None]
    rest = fmean(given) if given else 100 * COIN
    return [
        Forecast(
            p,
            (rest if p.confidence is None else p.confidence) / 100,
            p.confidence is not None,
            p.ours / 100,
        )
        for p in predictions
    ]


def brier(probability: float, holds: bool) -> float:
    """Return the square of what a probability was off by: 0 is best, 1 is worst.

    Source: Brier (1950), Verification of forecasts expressed in terms of probability.
    """
    return (probability - holds) ** 2


def score(forecasts: Iterable[Forecast]) -> Score | None:
    settled = [(f, f.holds) for f in forecasts if f.holds is not None]
    if not settled:
        return None
    return Score(
        len(settled),
        fmean(brier(f.survey, holds) for f, holds in settled),
        fmean(brier(f.ours, holds) for f, holds in settled),
        brier(COIN, True),
    )
