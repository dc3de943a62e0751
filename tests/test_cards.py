"""Cards show a change in the colours of the widget."""

import json
import subprocess

import pytest

from scripts.bootstrap import ROOT
from scripts.stored.cards import COLOURS, HEATMAP, colours

SCRIPT = """
import { ABOVE, BELOW } from "./demos/widget/heatmap.js";
console.log(JSON.stringify([BELOW, ABOVE]));
"""


def test_the_ends_of_a_card_s_colours_are_those_of_the_heatmap() -> None:
    command = ["node", "--input-type=module", "--eval", SCRIPT]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, check=True)
    ends = [[round(255 * part) for part in COLOURS(end)[:3]] for end in (0.0, 1.0)]
    assert ends == json.loads(done.stdout)


def test_a_colour_that_is_not_found_is_named() -> None:
    script = HEATMAP.read_text("utf-8").replace("ABOVE = [214, 100, 10]", "ABOVE = light()")
    with pytest.raises(ValueError, match=r"heatmap\.js does not export BELOW and ABOVE"):
        colours(script)
