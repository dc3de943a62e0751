"""A widget's and the lab's answers with the hypothesis taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from adapters_np.control import controls
from adapters_np.core import slugs
from demos import lab
from demos.probe import probe
from demos.settings import HYPOTHESIS, KEPT, hypothesis, start
from demos.ways import answers

ALL = [(slug, name) for slug in slugs() for name in controls(slug)]
every_control = pytest.mark.parametrize(("slug", "name"), ALL, ids=["-".join(c) for c in ALL])
SMALL: dict[str, Any] = {"size": "16x16"}


def number(answer: Mapping[str, Any], name: str) -> float:
    (panel,) = (p for p in answer["panels"] if p["name"] == name)
    return float(panel["value"])


@every_control
def test_a_random_step_is_shown_without_the_hypothesis_too(slug: str, name: str) -> None:
    kept, out = (probe(slug, {HYPOTHESIS: h}) for h in (KEPT, name))
    assert number(kept, "parameters") == number(out, "parameters")
    assert out["sentence"]
    views = [answer["panels"][0]["views"][1]["values"] for answer in (kept, out)]
    assert np.abs(views[0] - views[1]).max() > 1e-6
    assert probe(slug, {})["sentence"] == kept["sentence"]


OWN = [("svft", "random bases"), ("fourierft", "rotated"), ("miss", "random groups"),
       ("ia3", "rotated"), ("oft", "shuffled"), ("shira", "dense subspace"), ("c3a", "dealt"),
       ("lora", "dense subspace")]  # fmt: skip


@pytest.mark.parametrize(("slug", "name"), OWN, ids=["-".join(c) for c in OWN])
def test_a_method_finds_its_own_teacher_and_its_control_does_not(slug: str, name: str) -> None:
    knobs: dict[str, dict[str, Any]] = {
        "lora": {"rank": 2},
        "shira": {"density": 0.1},
        "fourierft": {"n_frequency": 40},
    }
    chosen = SMALL | {"way": "fitted", "world": "own"} | knobs.get(slug, {})
    shares = []
    for out in (KEPT, name):
        *_, answer = answers(slug, chosen | {HYPOTHESIS: out})
        shares.append(number(answer, "explained"))
    assert shares[0] > 99
    assert shares[1] < 75


def test_the_knob_has_the_controls_of_the_method_and_no_others() -> None:
    knob = hypothesis("hra")
    assert knob
    assert knob.values() == (KEPT, "symmetric pairs", "free factors")
    for method, value in (("hra", "rotated"), ("xlora", "rotated")):
        with pytest.raises(ValueError, match=r"^hypothesis='rotated' is not "):
            probe(method, {HYPOTHESIS: value})
    assert start("xlora", {HYPOTHESIS: KEPT})
    with pytest.raises(ValueError, match=r"^rank=3 leaves a mirror"):
        probe("hra", {HYPOTHESIS: "free factors", "rank": 3})


def test_the_lab_fits_a_method_without_its_hypothesis() -> None:
    ends = []
    for control in ("", "random bases"):
        *_, end = lab.examine("svft", {"band": 1}, "spectrum", control=control)
        ends.append(end["share"])
    assert ends[0] > 0.99
    assert ends[1] < 0.5
