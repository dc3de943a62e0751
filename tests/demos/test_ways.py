"""A method's page: changes that are fitted, trained or random, and what is said of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import adapters_np.fit
import adapters_np.slopes
from adapters_np.budget import best_of_rank, choose
from adapters_np.core import flatten, knobs, learned, load, restore, slugs
from adapters_np.errors import KnobError
from adapters_np.fit import fit, last
from demos.panels import Answer
from demos.pictures import PICTURES, turned_planes
from demos.probe import measure, probe
from demos.protocols import Rotates
from demos.settings import AIM, PAGE, opens, settings
from demos.ways import answers, caption, percent, reach, show
from demos.world import toy
from demos.worlds import change
from scripts.stored.widgets import ways as acts

pytestmark = pytest.mark.long

SMALL = {"way": "fitted", "size": "16x16"}


def number(answer: Mapping[str, Any], name: str) -> float:
    (panel,) = (p for p in answer["panels"] if p["name"] == name)
    return float(panel["value"])


def panel(answer: Mapping[str, Any], name: str) -> dict[str, Any]:
    (found,) = (p for p in answer["panels"] if p["name"] == name)
    return found


def fitting(slug: str) -> dict[str, Any]:
    """Return knobs of a method that fit a weight of 16 × 16 and at most 128 parameters."""
    return choose(load(slug), np.eye(16), 128)[0].knobs


@cache
def opening(slug: str) -> Answer:
    """Return what a page opens with, its products made by BLAS, which takes half as long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adapters_np.slopes.gram", lambda J: J @ J.T)
        return probe(slug, opens(slug))


@pytest.mark.parametrize("slug", sorted(slugs()))
def test_a_fit_says_what_it_explains_and_shows_its_hypothesis(slug: str) -> None:
    answer = opening(slug)
    wanted, reached, left = (v["values"] for v in panel(answer, "wanted")["views"])
    np.testing.assert_allclose(wanted - reached, left, atol=1e-12)
    assert {v["limit"] for v in panel(answer, "wanted")["views"]} == {np.abs(wanted).max()}
    share = 1 - (left @ left) / (wanted @ wanted)
    assert number(answer, "explained") == pytest.approx(100 * share)
    assert percent(share) in answer["sentence"]
    names = [p["name"] for p in answer["panels"]]
    assert len(set(names)) == len(names)
    assert {"rank", "stable_rank", "delta_spectrum", *load(slug).gauges} <= set(names)
    assert set(load(slug).pictures) <= set(PICTURES)
    assert [p["name"] for p in answer["panels"] if p.get("stage")] != []
    assert answer["more"] is False


def test_layers_add_up_to_the_change() -> None:
    shown = panel(probe("lora", SMALL | {"rank": 3}), "layers")
    columns, rows, change = (v["values"].reshape(v["rows"], -1) for v in shown["views"])
    assert columns.shape == (16, 3)
    np.testing.assert_allclose(columns @ rows, change, atol=1e-12)


def test_a_change_is_made_of_the_parts_beside_it() -> None:
    W = views(hira := probe("hira", SMALL), "weights")[0]
    B, A, BA, change = views(hira, "parts")
    np.testing.assert_allclose(B @ A, BA, atol=1e-12)
    np.testing.assert_allclose(W * BA, change, atol=1e-12)
    for maps in ("shared", "neighbours"):
        M, write, read, change = views(probe("mora", SMALL | {"maps": maps}), "parts")
        np.testing.assert_allclose(write @ M @ read, change, atol=1e-12)
    D, S, change = views(probe("miss", SMALL), "parts")
    np.testing.assert_allclose(D @ S, change, atol=1e-12)
    assert panel(probe("gralora", SMALL), "parts")["views"][-1]["tile"] == [8, 8]
    out = SMALL | {"hypothesis": "random groups"}
    assert [p["name"] for p in probe("miss", out)["panels"] if p.get("stage")] == ["layers"]


@pytest.mark.parametrize(("method", "chosen"), [("oft", {"block_size": 4}), ("hra", {"rank": 4})])
def test_each_plane_of_a_rotation_turns_by_its_own_angle(
    method: str, chosen: dict[str, Any]
) -> None:
    (*_, found) = reach(method, SMALL | chosen | {"world": "turn"})
    before, after, _ = (line["values"] for line in panel(show(found), "planes")["lines"])
    pairs = [(a.reshape(-1, 8, 2) @ [1, 1j])[..., None] for a in (before, after)]
    turns = (pairs[1] / pairs[0])[..., 0]
    np.testing.assert_allclose(np.abs(turns), 1, atol=1e-9)
    np.testing.assert_allclose(turns, turns[:, :1] * np.ones(8), atol=1e-9)
    adapter = found.change.adapter
    assert isinstance(adapter, Rotates)
    (first, *_) = turned_planes(adapter.rotation(), found.change.before)
    longest = np.linalg.norm(found.change.before @ first, axis=1).argmax()
    shadow = found.change.after[longest] @ first
    assert after[:2] == pytest.approx(shadow / np.linalg.norm(shadow))
    wanted = np.abs(np.angle(np.linalg.eigvals(adapter.rotation())))
    wanted = np.sort(wanted[wanted > 1e-6])[1::2]
    np.testing.assert_allclose(np.sort(np.abs(np.angle(turns[:, 0]))), wanted, atol=1e-9)


def test_dials_show_the_turn_and_the_length_of_each_neuron() -> None:
    (*_, found) = reach("dora", SMALL | {"rank": 2})
    *_, turned, longer = (line["values"] for line in panel(show(found), "dials")["lines"])
    W, after = found.change.before, found.change.after
    lengths = np.linalg.norm(after, axis=1) / np.linalg.norm(W, axis=1)
    np.testing.assert_allclose(longer, 100 * (lengths - 1))
    cosine = np.einsum("ij,ij->i", W, after) / np.linalg.norm(W, axis=1) ** 2 / lengths
    np.testing.assert_allclose(np.cos(np.radians(turned)), cosine)


def test_lora_reaches_what_the_best_change_of_its_rank_explains() -> None:
    answer = probe("lora", SMALL | {"rank": 3})
    wanted = panel(answer, "wanted")["views"][0]["values"].reshape(16, 16)
    assert number(answer, "explained") == pytest.approx(100 * best_of_rank(wanted)[3], rel=1e-5)
    assert "as much as any change of rank 3 can" in answer["sentence"]


def test_alpha_changes_how_fast_the_same_change_is_reached() -> None:
    chosen = SMALL | {"rank": 2, "way": "trained", "steps": 60}
    best = 100 - number(probe("lora", SMALL | {"rank": 2}), "explained")
    losses = panel(probe("lora", chosen), "training")["lines"]
    assert [line["label"] for line in losses] == ["α 1", "α 4", "α 64", "these settings"]
    for line, alpha in zip(losses, (1, 4, 64, 16), strict=True):
        own = probe("lora", chosen | {"alpha": alpha})
        np.testing.assert_allclose(line["values"], panel(own, "training")["lines"][-1]["values"])
        assert line["values"][-1] == pytest.approx(1 - number(own, "explained") / 100)
        assert best - 1e-9 < 100 * line["values"][-1] < best + 2
        assert "α changes how fast" in own["sentence"]
    assert losses[0]["values"][9] > losses[3]["values"][9] + 0.05
    (line,) = panel(probe("ia3", SMALL | {"way": "trained"}), "training")["lines"]
    assert line["label"] == "these settings"


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


def test_the_clock_decides_what_is_seen_on_the_way_and_not_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted = SMALL | {"block_size": 4, "factors": 2}
    seen = [list(answers("boft", fitted))]
    for hours in (1, 0):  # between two looks at the clock
        clock = itertools.count(step=3600.0 * hours)
        monkeypatch.setattr("adapters_np.fit.time.perf_counter", lambda c=clock: next(c))
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
    exact = opening(slug)
    rng = np.random.default_rng(0)
    plain = adapters_np.fit.goal

    def rough(*given: Any) -> tuple[adapters_np.slopes.Residual, float]:
        residual, size = plain(*given)
        return lambda a: (r := residual(a)) * (1 + 2e-16 * rng.normal(size=r.shape)), size

    monkeypatch.setattr("adapters_np.fit.goal", rough)
    other = opening.__wrapped__(slug)
    assert other["sentence"] == exact["sentence"]
    assert f"{number(other, 'explained'):.3g}" == f"{number(exact, 'explained'):.3g}"


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"world": "heaven"}, r"world='heaven' is not one of mix, own, .*, entries"),
        ({"way": "magic"}, r"way='magic' is not one of fitted, trained, random"),
        ({"steps": 201}, r"steps=201 is not a whole number from 0 to 200"),
        ({"rate": "7"}, r"rate='7' is not one of"),
        ({"size": "64x32"}, r"size='64x32' is too large to be fitted while you wait"),
        ({"rank": 99}, r"rank=99 is not a whole number"),
        ({"colour": 1}, r"colour=1 is not a knob of lora"),
    ],
)
def test_what_is_not_possible_is_refused_by_name(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        probe("lora", SMALL | chosen)


def test_a_world_that_asks_for_no_change_is_refused_by_name() -> None:
    with pytest.raises(KnobError, match=r"^world='own' asks for no change here"):
        probe("antipasto", PAGE | {"alpha": 0.0, "world": "own"})


def test_a_real_change_belongs_to_the_trained_weight_whatever_else_is_chosen() -> None:
    *_, found = reach("lora", PAGE | {"rank": 2, "world": "real", "base": "clustered"})
    assert (found.change.world.W == toy(size="32x32", base="trained").W).all()
    assert caption("real")[1] in show(found)["sentence"]
    *_, found = reach("lora", PAGE | {"rank": 2, "world": "real_prose", "base": "trained_q"})
    W = toy(size="32x32", base="trained_q").W
    assert (found.change.world.W == W).all()
    np.testing.assert_allclose(found.wanted.delta, change("real_prose", W, base="trained_q"))


def test_without_a_way_the_change_is_the_random_step_of_older_scripts_and_links() -> None:
    old = {"rank": 3, "step": 0.25, "size": "64x64", "seed": 1}
    aimed = {"way": "random", "world": "few", "steps": 7, "rate": "0.1"}
    np.testing.assert_array_equal(measure("lora", old).delta, measure("lora", old | aimed).delta)
    ours, theirs = probe("lora", old), probe("lora", old | aimed)
    assert ours["sentence"] == theirs["sentence"]
    assert panel(ours, "weights")["views"][1]["label"] == "ΔW, the change"


def test_the_knobs_of_all_ways_are_distinct_from_those_of_the_layer() -> None:
    assert not set(AIM) & set(settings("lora"))
    assert all(set(opens(slug)) <= {*AIM, *settings(slug)} for slug in slugs())
    for world in AIM["world"].options:
        title, sentence = caption(world)
        assert title
        assert sentence.endswith(".")


# Knobs that no fit depends on ---------------------------------------------------------------------

ABSORBED = [
    (slug, name, value)
    for slug in sorted(slugs())
    for name, knob in knobs(load(slug)).items()
    if knob.absorbed
    for value in (knob.values()[0], knob.values()[-1])
    if value != knob.default
]


@pytest.mark.parametrize(("slug", "name", "value"), ABSORBED)
def test_what_is_found_at_one_value_of_an_absorbed_knob_is_reached_at_every_other(
    slug: str, name: str, value: Any
) -> None:
    """One trained array takes up the factor, so the two values have the same changes."""
    cls, W, chosen = load(slug), toy(size="16x16").W, fitting(slug)
    default = knobs(cls)[name].default

    def fresh(**own: Any) -> Any:
        return cls.init(W, np.random.default_rng(1), **chosen | own)

    found = last(fit(fresh(), W, change("mix", W), steps=10, starts=1)).adapter
    delta = getattr(found, "delta")(W)  # noqa: B009
    other = restore(fresh(**{name: value}), flatten(found))
    factors = [1.0, chosen.get("rank", 1) ** -0.5]
    if not isinstance(value, bool):
        factors = [default / value]
    errors = [
        np.abs(replace(other, **{array: factor * numbers}).delta(W) - delta).max()
        for array, numbers in learned(other).items()
        for factor in factors
    ]
    assert min(errors) < 1e-12
    assert np.abs(delta).max() > 0.01


def test_a_control_that_is_not_shown_beside_a_fit_changes_none() -> None:
    idle = {name for name, knob in AIM.items() if "fitted" not in (acts(knob) or "fitted")}
    assert idle == {"steps", "rate", "gains"}
    for slug in slugs():
        own = settings(slug)
        hidden = {name for name, knob in own.items() if "fitted" not in (acts(knob) or "fitted")}
        assert hidden == {"step"} | {name for name, knob in own.items() if knob.absorbed}
    (*_, plain) = reach("dora", SMALL | {"rank": 2})
    for chosen in ({"steps": 5}, {"rate": "0.3"}, {"step": 1.0}):
        (*_, other) = reach("dora", SMALL | {"rank": 2} | chosen)
        np.testing.assert_array_equal(other.change.delta, plain.change.delta)


# Pictures -----------------------------------------------------------------------------------------


def views(answer: Mapping[str, Any], name: str) -> list[np.ndarray]:
    return [
        np.reshape(v["values"], (v["rows"], v["columns"])) for v in panel(answer, name)["views"]
    ]


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
    ("name", "missing"),
    [
        ("planes", "rotation"),
        ("tiles", "tile"),
        ("parts", "shown"),
        ("attention", "virtual_share"),
        ("mixture", "mixture"),
    ],
)
def test_a_picture_that_the_adapter_cannot_serve_says_what_is_missing(
    name: str, missing: str
) -> None:
    (*_, found) = reach("ia3", SMALL)
    with pytest.raises(TypeError) as caught:
        PICTURES[name](found)
    assert str(caught.value) == f"IA3 declares the picture {name} but has no {missing}()"


@pytest.mark.parametrize(("method", "chosen"), [("ether", {}), ("hra", {"rank": 3})])
def test_a_mirror_is_drawn_from_left_to_right(method: str, chosen: dict[str, Any]) -> None:
    (*_, found) = reach(method, SMALL | chosen)
    shown = panel(show(found), "planes")
    assert "1 mirror" in shown["title"] or "mirrors" in shown["title"]
    before, after = (line["values"].reshape(-1, 8, 2) for line in shown["lines"][:2])
    mirrored = np.abs(after - before * [-1, 1]).max(axis=(1, 2)) < 1e-9
    assert mirrored.sum() == int(shown["title"].split("; ")[-1].split()[0])


# Panels of the instrument -------------------------------------------------------------------------


def drawn(answer: Mapping[str, Any]) -> list[bytes]:
    """Return what the panels of an answer draw of the layer, to what a picture can show."""
    found = []
    names = ("weights", "delta_spectrum", "spectrum", "cosines", "curve", "progress", "training")
    for name in (*names, "surroundings"):
        for p in answer["panels"]:
            if p["name"] == name:
                arrays = [v["values"] for v in (*p.get("views", []), *p.get("lines", []))]
                arrays += [p[key] for key in ("before", "after") if key in p]
                arrays += [np.array([p["at"], *p["dots"].values()])] if "dots" in p else []
                found += [np.round(a, 3).tobytes() for a in arrays]
    return found


# Knobs that act beside another value of another knob alone.
BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("gralora", "blocks"): {"rank": 8},
    ("rosa", "score"): {"batches": 4},
    ("task_arithmetic", "density"): {"merge": "ties"},
    ("xlora", "renormalise"): {"top_k": 2},
}


@pytest.mark.parametrize("slug", sorted(slugs()))
def test_no_knob_in_view_is_dead(slug: str) -> None:
    """In one of the ways in which it acts, another of its values changes a picture of the layer."""
    for knob in knobs(load(slug)).values():
        values = dict.fromkeys((knob.default, *knob.values()[:2], knob.values()[-1]))
        ways = ("random", "trained") if knob.absorbed else ("random", "fitted")
        assert any(moves(slug, knob.name, values, way) for way in ways), f"{slug}: {knob.name}"


def moves(slug: str, knob: str, values: Iterable[Any], way: str) -> bool:
    chosen = opens(slug) | {"way": way, "size": "16x16", "steps": 5}
    chosen |= BESIDE.get((slug, knob), {})
    found = set()
    for value in values:
        with suppress(KnobError):  # the shape of the weight forbids it
            found.add(tuple(drawn(probe(slug, chosen | {knob: value}))))
    return len(found) > 1
