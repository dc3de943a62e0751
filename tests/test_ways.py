"""A method's page: changes that are fitted, trained or random, and what is said of them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import demos.fit
from adapters_np.core import WeightAdapter, load, slugs
from demos import probe as entry
from demos.budget import best_of_rank, choose
from demos.pictures import PICTURES
from demos.probe import PAGE, measure, probe, settings
from demos.ways import AIM, answers, reach, show, told
from demos.world import toy
from demos.worlds import change

pytestmark = pytest.mark.long

SMALL = {"way": "fitted", "size": "16x16"}


def number(answer: dict[str, Any], name: str) -> float:
    (panel,) = (p for p in answer["panels"] if p["name"] == name)
    return float(panel["value"])


def panel(answer: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (p for p in answer["panels"] if p["name"] == name)
    return found


def fitting(slug: str) -> dict[str, Any]:
    """Return knobs of a method that fit a weight of 16 × 16 and at most 128 numbers."""
    return choose(load(slug), np.eye(16), 128)[0].knobs


@pytest.mark.parametrize("slug", sorted(slugs()))
def test_a_fit_says_what_it_explains_and_shows_its_hypothesis(slug: str) -> None:
    answer = probe(slug, SMALL | fitting(slug))
    wanted, reached, left = (v["values"] for v in panel(answer, "wanted")["views"])
    np.testing.assert_allclose(wanted - reached, left, atol=1e-12)
    assert {v["limit"] for v in panel(answer, "wanted")["views"]} == {np.abs(wanted).max()}
    share = 1 - (left @ left) / (wanted @ wanted)
    assert number(answer, "explained") == pytest.approx(100 * share)
    assert f"{max(share, 0):.0%}".replace("%", "\xa0%") in answer["sentence"] or share > 0.99
    names = [p["name"] for p in answer["panels"]]
    assert len(set(names)) == len(names)
    assert {"rank", "stable_rank", "delta_spectrum", *load(slug).gauges} <= set(names)
    assert set(load(slug).pictures) <= set(PICTURES)
    assert answer["more"] is False


@pytest.mark.parametrize("slug", sorted(set(slugs()) - {"vblora", "loha"}))
def test_every_method_finds_a_change_of_its_own(slug: str) -> None:
    """VB-LoRA and LoHa need luck for theirs: tests/test_fit.py says why."""
    answer = probe(slug, SMALL | fitting(slug) | {"world": "own"})
    assert number(answer, "explained") > 99.9


def test_lora_reaches_what_the_best_change_of_its_rank_explains() -> None:
    answer = probe("lora", SMALL | {"rank": 3})
    wanted = panel(answer, "wanted")["views"][0]["values"].reshape(16, 16)
    assert number(answer, "explained") == pytest.approx(100 * best_of_rank(wanted)[3], rel=1e-5)
    assert "as much as any change of rank 3 can" in answer["sentence"]
    assert panel(answer, "hypothesis_spectrum")["cut"] == 3


def test_scale_changes_what_training_reaches_in_some_steps_and_not_what_can_be_reached() -> None:
    def share(**chosen: Any) -> float:
        return number(probe("lora", SMALL | {"rank": 4} | chosen), "explained")

    assert share(alpha=4.0) == pytest.approx(share(alpha=32.0), abs=0.01)
    trained = {"way": "trained", "steps": 20, "rate": "0.01"}
    assert share(**trained, alpha=32.0) > share(**trained, alpha=4.0) + 5
    few = trained | {"steps": 5}
    assert share(**few, rank_stabilised=True) > share(**few) + 2


def test_training_starts_at_the_fresh_adapter_and_goes_on_to_what_a_fit_finds() -> None:
    chosen = SMALL | {"way": "trained", "rank": 2, "rate": "0.03"}
    none, some, many = (
        number(probe("lora", chosen | {"steps": n}), "explained") for n in (0, 20, 200)
    )
    best = number(probe("lora", SMALL | {"rank": 2}), "explained")
    assert none == pytest.approx(0, abs=1e-9)
    assert none < some < many
    assert many == pytest.approx(best, abs=0.1)
    (found,) = list(reach("lora", chosen | {"steps": 5}))[-1:]
    assert len(found.errors) == 6


def test_an_adapter_without_another_weight_is_fitted_to_outputs_and_tried_on_fresh_tokens() -> None:
    answer = probe("prefix_tuning", SMALL | {"tokens": 2, "world": "own"})
    assert number(answer, "explained") > 99.9
    assert number(answer, "held_out") > 99.9
    other = probe("prefix_tuning", SMALL | {"tokens": 2, "world": "few"})
    assert number(other, "held_out") < number(other, "explained")


def test_answers_get_better_and_the_last_one_says_that_it_is() -> None:
    found = list(reach("lora", {"way": "fitted", "size": "32x32"}))
    assert [f.more for f in found] == [True] * (len(found) - 1) + [False]
    errors = [f.errors[-1] for f in found]
    assert errors == sorted(errors, reverse=True)


def test_the_clock_decides_what_is_seen_on_the_way_and_not_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted = SMALL | {"block_size": 4, "factors": 2}
    seen = [list(answers("boft", fitted))]
    for hours in (1, 0):  # between two looks at the clock
        clock = itertools.count(step=3600.0 * hours)
        monkeypatch.setattr("demos.fit.time.perf_counter", lambda c=clock: next(c))
        seen.append(list(answers("boft", fitted)))
    quick, slow, still = seen
    assert len(slow) > 10
    assert len(still) == 2
    for other in (slow, still):
        assert other[-1]["sentence"] == quick[-1]["sentence"]
        assert number(other[-1], "explained") == number(quick[-1], "explained")


def test_what_is_unfinished_says_so_and_is_compared_with_nothing() -> None:
    first, *_, end = answers("dora", SMALL)
    compared = {"lora", "chance", "best_of_rank"}
    assert first["more"]
    assert first["step"] == 1
    assert "Unfinished: " in first["sentence"]
    assert "LoRA" not in first["sentence"]
    assert not compared & {p["name"] for p in first["panels"]}
    assert "Unfinished" not in end["sentence"]
    assert {"lora", "chance"} <= {p["name"] for p in end["panels"]}


@pytest.mark.parametrize("slug", sorted(slugs()))
def test_round_off_does_not_reach_what_is_printed(
    slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser sums in another order. Here every residual has an error of its own instead."""
    (*_, exact) = answers(slug, PAGE)
    rng = np.random.default_rng(0)
    plain = demos.fit.goal

    def rough(*given: Any) -> tuple[demos.fit.Residual, float]:
        residual, size = plain(*given)
        return lambda a: (r := residual(a)) * (1 + 2e-16 * rng.normal(size=r.shape)), size

    monkeypatch.setattr("demos.fit.goal", rough)
    (*_, other) = answers(slug, PAGE)
    assert other["sentence"] == exact["sentence"]
    assert f"{number(other, 'explained'):.3g}" == f"{number(exact, 'explained'):.3g}"


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"world": "heaven"}, r"world='heaven' is not one of few, .*, own"),
        ({"way": "magic"}, r"way='magic' is not one of fitted, trained, random"),
        ({"steps": 201}, r"steps=201 is not a whole number from 0 to 200"),
        ({"rate": "7"}, r"rate='7' is not one of"),
        ({"size": "64x64"}, r"size=64x64 is too large to be fitted while you wait"),
        ({"rank": 99}, r"rank=99 is not a whole number"),
        ({"colour": 1}, r"colour=1 is not a knob of lora"),
    ],
)
def test_what_is_not_possible_is_refused_by_name(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        probe("lora", SMALL | chosen)


def test_a_real_change_belongs_to_the_trained_weight_whatever_else_is_chosen() -> None:
    *_, found = reach("lora", PAGE | {"world": "real", "base": "clustered"})
    assert (found.change.world.W == toy(size="32x32", base="trained").W).all()
    assert told("real")[1] in show(found)["sentence"]
    *_, found = reach("lora", PAGE | {"world": "real_prose", "base": "trained_q"})
    W = toy(size="32x32", base="trained_q").W
    assert (found.change.world.W == W).all()
    np.testing.assert_allclose(found.wanted.delta, change("real_prose", W, base="trained_q"))


def test_without_a_way_the_change_is_the_random_step_of_older_scripts_and_links() -> None:
    old = {"rank": 3, "step": 0.25, "size": "64x64", "seed": 1}
    aimed = {"way": "random", "world": "few", "steps": 7, "rate": "0.1"}
    np.testing.assert_array_equal(measure("lora", old).delta, measure("lora", old | aimed).delta)
    ours, theirs = probe("lora", old), probe("lora", old | aimed)
    assert ours["sentence"] == theirs["sentence"]
    assert panel(ours, "matrices")["views"][0]["label"] == "ΔW"


def test_the_knobs_of_all_ways_are_told_apart_from_those_of_the_layer() -> None:
    assert tuple(AIM) == entry.AIM
    assert not set(AIM) & set(settings("lora"))
    assert set(PAGE) <= {*AIM, *settings("lora")}
    for world in AIM["world"].options:
        title, sentence = told(world)
        assert title
        assert sentence.endswith(".")


# Pictures -----------------------------------------------------------------------------------------


def views(answer: dict[str, Any], name: str) -> list[np.ndarray]:
    return [
        np.reshape(v["values"], (v["rows"], v["columns"])) for v in panel(answer, name)["views"]
    ]


def test_a_rotation_keeps_the_cosines_between_neurons() -> None:
    for world in ("length", "few", "turn"):
        wanted, reached = views(probe("oft", SMALL | {"world": world}), "cosines")
        np.testing.assert_allclose(reached, 0, atol=1e-9)
        assert (np.abs(wanted).max() > 0.01) == (world != "turn")


def test_gains_are_those_of_the_change() -> None:
    for chosen, title in (({}, "neuron"), ({"feedforward": True}, "input")):
        answer = probe("ia3", SMALL | {"world": "rows"} | chosen)
        gains = panel(answer, "gains")
        assert title in gains["title"]
        wanted, reached = (line["values"] for line in gains["lines"])
        if title == "neuron":
            np.testing.assert_allclose(wanted, reached, atol=1e-9)


def test_a_mask_says_which_of_the_largest_wanted_entries_it_has() -> None:
    (*_, found) = reach("shira", SMALL | {"world": "entries"})
    (mask,) = views(probe("shira", SMALL | {"world": "entries"}), "mask")
    inside = found.change.delta != 0
    assert ((mask > 0) == inside).all()
    assert (mask == 1).sum() + (mask == -1).sum() >= inside.sum()


def test_a_core_is_the_change_between_singular_vectors() -> None:
    (*_, found) = reach("svft", SMALL | {"world": "spectrum", "band": 0})
    wanted, reached = views(probe("svft", SMALL | {"world": "spectrum", "band": 0}), "core")
    np.testing.assert_allclose(wanted, reached, atol=1e-9)
    assert np.abs(wanted - np.diag(np.diag(wanted))).max() < 1e-9
    assert np.linalg.norm(wanted) == pytest.approx(np.linalg.norm(found.wanted.delta))


@pytest.mark.parametrize(
    ("name", "missing"), [("tiles", "tile"), ("attention", "virtual_share"), ("mixture", "mixture")]
)
def test_a_picture_that_the_adapter_cannot_serve_says_what_is_missing(
    name: str, missing: str
) -> None:
    (*_, found) = reach("ia3", SMALL)
    with pytest.raises(TypeError) as caught:
        PICTURES[name](found)
    assert str(caught.value) == f"IA3 declares the picture {name} but has no {missing}()"


def test_every_picture_shows_some_methods_hypothesis() -> None:
    assert {name for slug in slugs() for name in load(slug).pictures} == set(PICTURES)
    assert all(issubclass(load(s), WeightAdapter) for s in slugs() if "core" in load(s).pictures)


def test_arrows_show_neurons_before_as_wanted_and_as_reached() -> None:
    answer = probe("oft", SMALL | {"world": "turn"})
    before, wanted, reached = (
        np.reshape(line["values"], (-1, 2)) for line in panel(answer, "neurons")["lines"]
    )
    np.testing.assert_allclose(wanted, reached, atol=1e-6)
    assert len(before) == 6
    assert np.abs(wanted - before).max() > 0.01
