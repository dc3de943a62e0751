"""LoRA's recipe, trained to the end: the base never stops, and the trained model does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.bootstrap import ROOT
from tests.parity.stopping import ASKED, ROOM, UNSEEN, code, counted

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
PLACE = ROOT / ".build" / "peft"
MAKE = (
    f"python -m venv {PLACE.relative_to(ROOT)} and its pip install -r tests/parity/requirements.txt"
)


def with_peft() -> Path:
    """Return a Python that has PEFT; in CI one is made, which takes a minute and 1.4 GB."""
    python = PLACE / "bin" / "python"
    if "CI" in os.environ and not python.exists():
        subprocess.run([sys.executable, "-m", "venv", PLACE], check=True)
        needed = HERE / "requirements.txt"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", needed], check=True)
    if not python.exists():
        pytest.skip(f"PEFT is not here: {MAKE}")
    return python


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    recipe = tmp_path_factory.mktemp("recipe") / "recipe.py"
    recipe.write_text(code(), "utf-8")
    command = [with_peft(), HERE / "stopping.py", recipe]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["OMP_NUM_THREADS"] = "1"
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_base_that_never_stops_learns_to_stop(told: dict[str, Any]) -> None:
    before = [answer.split() for answer in told["before"].values()]
    assert {(len(words), "<eos>" in words) for words in before} == {(ROOM, False)}
    after = [answer.split() for answer in told["after"].values()]
    assert all(words[-1] == "<eos>" and "<eos>" not in words[:-1] for words in after)


def test_it_answers_what_it_was_not_trained_on(told: dict[str, Any]) -> None:
    right = [told["after"][f"{a} {b}"] == f"{counted(a, b)} <eos>" for a, b in UNSEEN]
    assert sum(right) > len(right) / 2
    assert {*UNSEEN} < {*ASKED}


def test_the_rate_with_the_least_loss_has_won(told: dict[str, Any]) -> None:
    losses = {float(rate): loss for rate, loss in told["losses"].items()}
    assert len(losses) == 3
    assert told["best"] == min(losses, key=losses.__getitem__)
