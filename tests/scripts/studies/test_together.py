"""The model of all controls: it finds effects that were planted, and reads the right table."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.studies.together import Sampler, design, estimates, reduced
from scripts.survey.results.together import plan


def test_the_table_has_every_comparison_and_a_kinds_signs() -> None:
    given = design()
    vera = given.names.index("vera: singular vectors")
    assert given.means.shape == (48, 2, 3)
    assert given.kind[vera] == 0
    assert given.means[vera].mean() > 1  # the control is better, as the claim about directions says
    assert given.kind[given.names.index("loha 2: lora of twice the rank")] == len(plan().kinds)


@pytest.mark.long
@pytest.mark.weekly  # compiling takes 20 s
def test_a_planted_effect_is_found_and_nothing_stays_nothing() -> None:
    rng, kind = np.random.default_rng(0), np.arange(15) % 5
    effect = np.array([3.0, 0.0, 0.0, 0.0, -5.0])[kind] + rng.normal(0, 0.3, 15)
    values = effect[:, None, None, None] + rng.normal(0, 0.3, (15, 2, 3, 1))
    values = values + rng.normal(0, 0.3, (15, 2, 3, 5))
    table = reduced(["vera: singular vectors"] * 15, kind, values, np.ones(15))
    found = list(estimates(table, Sampler(100, 200, chains=2)(table, plan().priors["usual"])))
    of = {e.kind: e for e in found if e.what == "methods" and not e.task}
    assert of["directions"].beyond > 0.99
    assert of["strength"].below > 0.99
    assert of["places"].within > 0.99
    # A comparison is about the method; the claim about this one says that its control is better.
    assert next(e for e in found if e.control).mean == pytest.approx(-3, abs=1)
