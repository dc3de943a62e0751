"""The stage shows what adapters can make: at every stored position, and between them."""

from __future__ import annotations

import json
import re
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from adapters_np.linalg import Array
from scripts.bootstrap import ROOT
from scripts.catalog import read
from scripts.macros import story
from scripts.macros.page import Page
from scripts.macros.story import Story
from scripts.stored import stage
from scripts.stored.stage import ACTS, TARGETS, explained, starts, weight
from tests.node import printed

SCENES = [(slug, target) for slug, act in ACTS.items() for target in act.targets]
NEAR = 1e-3  # of an arrow of length 1: less than a tenth of a pixel

FRAMES = """
import { readFileSync } from "node:fs";
import { arrows, frame, measured } from "./demos/stage/table.js";
const { stored, asked } = JSON.parse(readFileSync(0, "utf-8"));
const W = arrows(stored.W, stored.unit);
process.stdout.write(JSON.stringify(asked.map(([slug, target, held]) => {
  const made = frame(stored.methods[slug], target, held, W, stored.unit);
  const wanted = arrows(stored.targets[target].weight, stored.unit);
  return { made, ...measured(W, made, wanted, stored.alike) };
})));
"""


@cache
def stored() -> dict[str, Any]:
    return stage.stage(read())


def frames(asked: list[tuple[str, str, list[float]]]) -> list[dict[str, Any]]:
    """Return what the browser's code makes of positions, and what it measures there."""
    given = json.dumps({"stored": stored(), "asked": asked})
    found: list[dict[str, Any]] = printed(FRAMES, given=given)
    return found


def places(slug: str, between: float = 0.5) -> list[list[float]]:
    """Return positions of the handles between the stored ones, one handle after another."""
    found = []
    for i, handle in enumerate(ACTS[slug].handles):
        for place in handle.axis.positions[: None if handle.axis.cyclic else -1]:
            held = starts(ACTS[slug])
            held[i] = place + between * handle.axis.step
            found.append(held)
    return found


def made(slug: str, target: str, held: list[float]) -> Array:
    return weight(ACTS[slug], TARGETS[target], held)


@pytest.mark.parametrize(("slug", "target"), SCENES)
def test_what_is_shown_between_stored_positions_is_what_the_adapter_makes_there(
    slug: str, target: str
) -> None:
    held = [*places(slug), *places(slug, 0.2)]
    shown = frames([(slug, target, at) for at in held])
    apart = [
        np.abs(np.array(f["made"]) - made(slug, target, at)).max()
        for f, at in zip(shown, held, strict=True)
    ]
    assert max(apart) < NEAR


@pytest.mark.long
@pytest.mark.parametrize(("slug", "target"), SCENES)
def test_nothing_that_can_be_held_explains_more_than_the_best(slug: str, target: str) -> None:
    act, wanted = ACTS[slug], TARGETS[target]
    best = list(act.best(wanted, act))
    most = explained(wanted, made(slug, target, best))
    tried = [explained(wanted, made(slug, target, at)) for at in places(slug, 0.0)]
    assert max(tried) <= most + 1e-9
    (shown,) = frames([(slug, target, best)])
    assert shown["explained"] == pytest.approx(most, abs=NEAR)
    assert stored()["methods"][slug]["scenes"][target]["explained"] == pytest.approx(most, abs=1e-4)


@pytest.mark.parametrize(
    ("slug", "target", "share"),
    [
        *((slug, act.targets[0], 1) for slug, act in ACTS.items()),
        ("oft", "longer", 0),
        ("pissa", "weak", 0),
    ],
)
def test_at_home_a_method_makes_the_whole_target_and_a_bet_can_lose_all(
    slug: str, target: str, share: float
) -> None:
    best = list(ACTS[slug].best(TARGETS[target], ACTS[slug]))
    found = explained(TARGETS[target], made(slug, target, best))
    assert found == pytest.approx(share, abs=1e-5)


def test_the_story_types_no_result_and_asks_for_each_method_that_is_stored() -> None:
    text = (ROOT / "docs/story.md").read_text("utf-8")
    typed = re.sub(r"\{\{.*?\}\}", "", text, flags=re.S)
    assert re.findall(r"\d+(?:\.\d+)? ?(?:%|nats)", typed) == []
    assert text.count("fact(") + text.count('text("answer"') > 30
    assert set(re.findall(r'"bet_stage", "(\w+)"', text)) == ACTS.keys()


def test_a_part_of_the_story_is_complete_without_a_script_and_gives_no_answer_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(story, "stored", stored)
    macros = Story(Page(SimpleNamespace(page=SimpleNamespace(url="story/", meta={}))))
    text = macros.bet_stage("oft", "turn")
    assert 'data-method="oft" data-targets="turn"' in text
    assert "OFT at its best explains 100 %." in text
    with pytest.raises(LookupError, match="oft has no target 'few': turn, longer"):
        macros.bet_stage("oft", "few")
    assert "46 %" in macros.bet("oft", "How much?", ["46 %", "71 %", "94 %"], 0)
