"""Brier's score: what predictions earn, and which probability one without any has."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from scripts.survey.sources.claims import Prediction, read_predictions
from scripts.survey.sources.forecasts import brier, forecasts, score

OPEN = {
    **{"title": "T", "statement": "S", "settles": "S", "status": "open", "reason": "R"},
    **{"ours": 50, "ours_reason": "R", "assessed": "May 2026", "deadline": date(2027, 1, 1)},
    **{"methods": ["lora"], "source": "hu2022lora"},
}
DAY = {"settled": date(2026, 12, 1)}


def predicted(**fields: object) -> Prediction:
    """Return a prediction with some fields of its own."""
    return Prediction.model_validate(OPEN | fields)


def test_the_score_is_the_mean_square_of_what_probabilities_were_off_by() -> None:
    found = forecasts(
        [
            predicted(confidence=80, ours=60, outcome="holds", **DAY),
            predicted(confidence=60, ours=90, outcome="fails", **DAY),
            predicted(confidence=10, outcome="not settled", **DAY),
            predicted(confidence=90),
        ]
    )
    made = score(found)
    assert made is not None
    assert made.n == 2
    assert made.survey == pytest.approx((0.04 + 0.36) / 2)
    assert made.ours == pytest.approx((0.16 + 0.81) / 2)
    assert made.coin == brier(0.5, False) == 0.25
    assert score(found[2:]) is None


def test_a_prediction_without_a_probability_has_the_mean_of_the_others() -> None:
    found = forecasts([predicted(confidence=70), predicted(confidence=60), predicted(entry=5)])
    assert [(f.survey, f.stated) for f in found] == [(0.7, True), (0.6, True), (0.65, False)]


@pytest.mark.parametrize("fields", [{"outcome": "holds"}, DAY])
def test_an_outcome_has_its_day(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="has an outcome with the day"):
        predicted(confidence=70, **fields)


def test_every_prediction_has_its_day() -> None:
    assert all(p.deadline > date(2026, 11, 1) for p in read_predictions().predictions)
