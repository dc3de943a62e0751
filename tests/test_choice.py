"""What the page Choose computes in JavaScript, against the same declarations in Python."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from adapters_np.core import load
from scripts.bootstrap import ROOT
from scripts.catalog import counts, exports, memory, read, recipes
from scripts.catalog.counts import MODELS, TARGETS
from scripts.survey.peft import runs

SCRIPT = """
const m = await import(process.argv[1]);
const { count, estimate } = await import("./demos/page/formulas.js");
const out = { counted: {}, exports: Object.keys(m) };
for (const model of m.models)
  for (const [slug, { start, place, arrays }] of Object.entries(m.methods))
  for (const [targets, where] of Object.entries(m.targets)) {
    const knobs = place === "attention" ? { ...start, heads: model.heads } : start;
    const counted = count(arrays, m.places[place] ?? where, model, knobs);
    out.counted[`${model.name} ${slug} ${targets}`] = counted;
  }
out.estimates = JSON.parse(process.argv[2]).map((given) => estimate(m.formulas, given).all);
console.log(JSON.stringify(out));
"""


def given() -> list[dict[str, Any]]:
    """Return cases for the estimate: every branch of its formulas."""
    shape = {k: v for k, v in MODELS[1]._asdict().items() if isinstance(v, int)}
    return [
        {
            **shape, "bits": bits, "linear": 7 * 10**9, "state": 8, "tokens": 1536,
            "inputs": 14_336, "trained": 10**7, "checkpointing": checkpointing,
        }
        for bits in (16, 8, 4)
        for checkpointing in (True, False)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    module: Path = tmp_path_factory.mktemp("page") / "models.mjs"
    module.write_text(exports.models_js(read()), "utf-8")
    command = ["node", "--input-type=module", "--eval", SCRIPT, str(module), json.dumps(given())]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_page_counts_every_method_on_every_model_as_python_does(answers: dict[str, Any]) -> None:
    wanted = {
        f"{model.name} {slug} {targets}": counts.count(load(slug), model, targets)
        for model in MODELS
        for slug in counts.counters(read())
        for targets in TARGETS
    }
    assert answers["counted"] == wanted


def test_a_page_finds_all_that_it_takes_from_the_script(answers: dict[str, Any]) -> None:
    page = (ROOT / "demos/page/choose.js").read_text("utf-8")
    taken = set(re.findall(r"this\.#data\.(\w+)", page))
    groups = re.findall(r"const \{([^}]+)\} = this\.#data;", page)
    taken |= {name.strip() for names in groups for name in names.split(",")}
    assert taken <= set(answers["exports"])
    assert {"states", "inputs", "recipes", "formulas"} <= taken


def test_a_page_estimates_memory_as_python_does(answers: dict[str, Any]) -> None:
    wanted = [memory.estimate(case)["all"] for case in given()]
    assert answers["estimates"] == pytest.approx(wanted, rel=1e-12)


def test_a_recipe_ends_with_the_rates_of_the_benchmark_or_says_that_there_are_none() -> None:
    told = {}
    for slug in recipes.RECIPES:
        m = read().methods[slug]
        told[slug] = recipes.recipe(m, "model", 16, "attention", False).splitlines()[-1]
        ran = {run.learning_rate for run in runs("metamathqa") if run.entry == m.number}
        assert {float(word) for word in re.findall(r"\d[\de.-]*\b", told[slug])} <= ran
    start = "# Learning rate: PEFT's benchmark ran it at "
    assert told["lora"] == f"{start}1e-4 alone; search around it."
    assert told["ia3"] == f"{start}1e-4, 1e-3 and 5e-3, best at 5e-3; search around it."
    unknown = {slug for slug, text in told.items() if text.endswith("it has to be searched.")}
    assert unknown == {"oft", "pissa", "hra", "boft", "ln_tuning"}
