"""Two methods side by side: equal parameters, and a sentence that says what the numbers say."""

import re
from itertools import product
from typing import Any

import numpy as np
import pytest

from adapters_np.core import load, parameters, slugs
from demos.compare import COMPARED, Measured, Side, compare, matched
from demos.probe import measure
from demos.settings import main_knob
from scripts.stored import comparisons
from scripts.stored.widgets import label


def side(method: str, **own: Any) -> dict[str, Any]:
    return {"method": method, "name": method.upper(), "knob": "The knob", "own": own}


def words(a: dict[str, Any], b: dict[str, Any], equal: bool = False, **world: Any) -> str:
    text: str = compare(a, b, world, equal)["sentence"]
    return text


@pytest.mark.parametrize("slug", sorted(slugs()))
def test_every_method_compares_with_another(slug: str) -> None:
    answer = compare(side(slug), side("lora"), {}, True)
    for panels in (s["panels"] for s in answer["sides"]):
        assert [p["name"] for p in panels if p["kind"] == "number"] == list(COMPARED)
        assert [p["kind"] for p in panels[:3]] == ["matrix", "series", "series"]
    assert slug.upper() in answer["sentence"]


@pytest.mark.parametrize(("a", "b"), [("lora", "dora"), ("oft", "hra"), ("lora", "fourierft")])
def test_the_matched_knob_comes_closest(a: str, b: str) -> None:
    wanted = parameters(load(a), 64, 64)
    knob = main_knob(b)
    assert knob
    found = compare(side(a), side(b), {}, True)["own"][knob.name]
    distance = {
        v: abs(parameters(load(b), 64, 64, **{knob.name: v}) - wanted) for v in knob.values()
    }
    assert distance[found] == min(distance.values())


def test_a_match_is_a_value_that_the_weight_allows() -> None:
    first = Measured(Side("lora", "LoRA", "", {}), measure("lora", {"size": "64x32"}))
    for slug in slugs():
        other = matched(first, Side(slug, slug, "", {}))
        measure(slug, {"size": "64x32", **other.own})


def test_a_main_knob_that_does_not_change_the_count_stays_as_it_is() -> None:
    assert compare(side("lora"), side("antipasto", alpha=-1.0), {}, True)["own"] == {"alpha": -1.0}
    assert compare(side("lora"), side("antipasto"), {}, True)["own"] == {"alpha": 1.0}


def test_a_stored_sentence_is_the_live_one_or_says_that_other_values_are_not_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = {"fourierft": (64, 256, 512), "ssvd": (8, 12, 64)}
    monkeypatch.setattr(comparisons, "stored", few.get)
    shown = {slug: slug for slug in slugs()}
    for b, pair in comparisons.pairs("vera", shown).items():
        knob = main_knob(b)
        called = label(knob.name) if knob else ""
        one, other = ({"method": s, "name": s, "knob": called, "own": {}} for s in ("vera", b))
        live = compare(one, other, {}, True)
        if pair["own"] == live["own"]:
            assert pair["sentence"] == live["sentence"]
        else:
            assert b in few
            assert ", the closest of the stored values, " in pair["sentence"]
    text = comparisons.pairs("qgoft", shown)["fourierft"]["sentence"]
    assert text.startswith(
        "With frequencies at 256, the closest of the stored values, fourierft has 256 trained "
        "parameters; qgoft has 252. Both move"
    )


def test_numbers_in_the_sentence_are_those_of_the_gauges() -> None:
    for a, b in product(["lora", "oft", "ia3", "vera"], repeat=2):
        answer = compare(side(a), side(b), {}, False)
        counts = [
            f"{p['value']:,.0f}"
            for s in answer["sides"]
            for p in s["panels"]
            if p["name"] == "parameters"
        ]
        found = re.findall(r"\d[\d,]*", answer["sentence"].replace(" of 64", ""))
        assert set(counts) <= set(found)


def test_what_is_kept_is_named() -> None:
    assert "Neither keeps the singular values" in words(side("lora"), side("dora"))
    assert (
        "Only OFT keeps every singular value, every angle between neurons and the length of every "
        "neuron." in words(side("lora"), side("oft"))
    )
    assert "Both keep every singular value" in words(side("hra"), side("oft"))
    assert "Only IA3 keeps every angle between neurons." in words(side("ia3"), side("lora"))


def test_directions_and_sizes_are_compared() -> None:
    text = words(side("lora", rank=2), side("lora", rank=4, alpha=32.0))
    assert "LORA (A) moves the weight in 2 of 64 directions, LORA (B) in 4 of 64." in text
    assert "LORA (B) has 2 times the trained parameters of LORA (A) (512 against 256)." in text
    text = words(side("lora", alpha=16.0), side("lora", alpha=32.0))
    assert "Both move the weight in 8 of 64 directions." in text
    assert "LORA (B)’s change is 2 times as large" in text
    assert "Their changes are of like size" in words(side("lora"), side("lora"))


def test_a_layer_that_rests_is_said_to_rest() -> None:
    assert "Neither changes the weight." in words(side("lora"), side("oft"), step=0.0)
    text = words(side("lora"), side("fourierft"), step=0.0)
    assert "LORA leaves the weight as it is, FOURIERFT moves it in 62 of 64" in text


def test_a_weight_and_an_output_are_not_measured_against_each_other() -> None:
    text = words(side("lora"), side("reft"))
    assert "LORA changes a weight and REFT the output of a layer" in text
    assert "directions" not in text


@pytest.mark.parametrize(
    ("a", "b", "start"),
    [
        (side("reft"), side("prefix_tuning"), "REFT and PREFIX_TUNING change"),
        (side("prompt_tuning"), side("clover"), "PROMPT_TUNING and CLOVER change"),
        (side("ln_tuning"), side("xlora"), "LN_TUNING and XLORA change"),
        (side("clover", heads=2), side("clover", heads=4), "CLOVER (A) and CLOVER (B) change"),
    ],
)
def test_outputs_of_different_layers_are_not_measured_against_each_other(
    a: dict[str, Any], b: dict[str, Any], start: str
) -> None:
    worlds: list[dict[str, Any]] = [{}, {"size": "32x64"}, {"step": 0.0}]
    for world in worlds:
        text = words(a, b, **world)
        assert text.endswith(
            f"{start} the outputs of different layers: "
            "their ranks and norms are of different matrices."
        )
        assert "directions" not in text
        assert "‖Y‖" not in text


def test_outputs_of_the_same_layer_are_measured_against_each_other() -> None:
    assert "REFT moves the output in 4 of 32 directions" in words(side("reft"), side("xlora"))
    assert "directions" in words(side("prompt_tuning"), side("prefix_tuning"))
    assert "directions" in words(side("prompt_tuning"), side("clover", heads=1))


def test_equal_parameters_are_said_in_words() -> None:
    assert words(side("lora"), side("pissa"), equal=True).startswith(
        "With the knob at 8, PISSA has as many trained parameters as LORA: 1,024."
    )
    assert words(side("hra"), side("oft"), equal=True).startswith(
        "With the knob at 16, OFT comes closest to the 512 trained parameters of HRA: 480."
    )
    assert words(side("lora"), side("ether"), equal=True).startswith(
        "No value of the knob changes the 64 trained parameters of ETHER; LORA has 1,024."
    )


@pytest.mark.parametrize("letter", ["a", "b"])
def test_an_error_names_its_side(letter: str) -> None:
    sides = {"a": side("lora"), "b": side("lora")} | {letter: side("lora", rank=99)}
    with pytest.raises(ValueError, match=rf"^{letter}\.rank=99 is not a whole number"):
        compare(**sides, world={}, equal=False)


def test_a_fault_of_a_module_is_no_value_that_its_shape_forbids(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def wrong(*_: Any, **__: Any) -> None:
        np.eye(2) @ np.eye(3)

    first = Measured(Side("oft", "OFT", "The knob", {}), measure("oft", {}))
    monkeypatch.setattr(load("psoft"), "init", wrong)
    with pytest.raises(ValueError, match="mismatch in its core dimension"):
        matched(first, Side("psoft", "PSOFT", "The knob", {"rank": 31}), (31,))
