"""Pooling is what a published meta-analysis finds: the trials of the BCG vaccine."""

from __future__ import annotations

from math import log, sqrt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scripts.survey.statistics.pool import heterogeneity, pooled

# Colditz et al. 1994, JAMA 271: cases and others, vaccinated and not.
BCG = [
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619),
    (33, 5036, 47, 5761), (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892),
    (29, 7470, 45, 7232), (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]  # fmt: skip
RISKS = [log(a / (a + b) / (c / (c + d))) for a, b, c, d in BCG]
VARIANCES = [1 / a - 1 / (a + b) + 1 / c - 1 / (c + d) for a, b, c, d in BCG]

POINTS = st.floats(-30, 30)
SPREADS = st.floats(0.01, 30)
SOURCES = st.lists(st.tuples(POINTS, SPREADS), min_size=3, max_size=12)


def test_the_trials_of_bcg_come_out_as_metafor_prints_them() -> None:
    # metafor's documentation of rma() with dat.bcg: REML, and its weights' standard error.
    found = pooled(RISKS, VARIANCES)
    assert round(found.mean, 4) == -0.7145
    assert round(found.tau**2, 4) == round(heterogeneity(RISKS, VARIANCES), 4) == 0.3132
    error = 1 / sqrt(sum(1 / (v + found.tau**2) for v in VARIANCES))
    assert round(error, 4) == 0.1798
    # The same with test="knha".
    assert (round(found.low, 4), round(found.high, 4)) == (-1.1084, -0.3206)


@given(SOURCES)
def test_an_interval_lies_around_its_mean_and_within_the_prediction(
    sources: list[tuple[float, float]],
) -> None:
    effects, variances = zip(*sources, strict=True)
    found = pooled(effects, variances)
    tiny = 1e-9
    assert min(effects) - tiny <= found.mean <= max(effects) + tiny
    assert found.least - tiny <= found.low < found.mean < found.high <= found.most + tiny
    assert sum(found.weights) == pytest.approx(1)
    # Another unit, or another zero, changes nothing else.
    other = pooled([2 * e + 1 for e in effects], [4 * v for v in variances])
    assert other.mean == pytest.approx(2 * found.mean + 1, abs=1e-5)
    assert other.tau == pytest.approx(2 * found.tau, abs=1e-3)


@given(st.lists(POINTS, min_size=3, max_size=12), SPREADS)
def test_who_finds_the_mean_again_as_precisely_narrows_both_intervals(
    effects: list[float], spread: float
) -> None:
    few = pooled(effects, [spread] * len(effects))
    more = pooled([*effects, few.mean], [spread] * (len(effects) + 1))
    assert more.mean == pytest.approx(few.mean, abs=1e-6)
    assert few.low - 1e-6 <= more.low < more.high <= few.high + 1e-6
    assert few.least - 1e-6 <= more.least < more.most <= few.most + 1e-6


@given(st.lists(POINTS, min_size=3, max_size=8), st.floats(0.1, 10))
def test_who_agree_differ_by_nothing(effects: list[float], spread: float) -> None:
    mean = sum(effects) / len(effects)
    scatter = sum((e - mean) ** 2 for e in effects) / (len(effects) - 1)
    assume(abs(scatter - spread) > 1e-6)
    expected = max(0.0, scatter - spread)  # REML has a closed form where variances are equal
    assert heterogeneity(effects, [spread] * len(effects)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("variances", [[1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
def test_what_cannot_be_pooled_is_an_error_with_the_numbers(variances: list[float]) -> None:
    with pytest.raises(ValueError, match="cannot be pooled: it takes at least 3"):
        pooled([1.0] * min(3, len(variances)), variances)
