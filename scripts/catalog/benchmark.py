"""PEFT's own benchmark as tables of an independent source: one seed, rates set by hand."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.catalog.tables import FULL, Paper, Row, Table

KEY = "peft2026benchmark"
ONE_FACTOR = "BOFT"
"""Its runs are block-diagonal OFT: without its CUDA extension PEFT trains a single factor.

So it was for the images too, whose settings ask for two. That run trains 2,119,680 numbers: four
for each of 307,200 inputs (IA3's count) and one for each of 890,880 outputs (RoAd's count). With
two factors it would be 3,348,480.
"""

LORAS = "q_proj+v_proj"
"""What most runs adapt, LoRA's among them."""

MODEL = r"--(llama-3\.2-3B|flux2-klein)-?"
"""Is between a method and its setting in the name of an experiment."""

Run = dict[str, str]


def benchmark(root: Path, modules: Mapping[int, str]) -> Paper:
    """Return the runs of full fine-tuning and of the methods of the catalogue.

    Args:
        root: The project's folder.
        modules: The first module of every entry of the source survey.

    Of several runs of a method the one with the best validation accuracy is the chosen one, and of
    those the one that is called the default. A run with no answer right never learned how to write
    one.
    """

    def runs(suite: str) -> list[Run]:
        with (root / f"docs/data/peft_{suite}.csv").open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
        known = {str(number) for number in modules}
        return [r for r in found if r["survey_entry"] in known or r["peft_type"] == "FULL_FT"]

    def row(run: Run, value: float, digits: int, **more: Any) -> Row:
        entry = run["survey_entry"]
        method = modules[int(entry)] if entry else FULL
        name, _, setting = re.sub(MODEL, " ", run["experiment"]).partition(" ")
        return Row(
            method=method,
            setting=setting if name in (method, "full-finetuning") else f"{name} {setting}",
            parameters=int(run["trainable_params"]) / 1e6,
            same_as="oft" if run["peft_type"] == ONE_FACTOR else None,
            values=(f"{value:.{digits}f}",),
            **more,
        )

    maths = runs("metamathqa")
    maths.sort(key=lambda r: (-float(r["best_valid_accuracy"]), "default" not in r["experiment"]))
    best = {r["survey_entry"]: r for r in reversed(maths)}
    return Paper(
        key=KEY,
        authors_of=(),
        tables=(
            Table(
                place="MetaMathQA",
                model="Llama-3.2-3B",
                suite="GSM8K after MetaMathQA",
                metrics=("GSM8K",),
                measure="accuracy",
                seeds=1,
                spread_is="error",
                rows=tuple(
                    row(
                        run,
                        100 * float(run["test_accuracy"]),
                        2,
                        spread=(f"{100 * float(run['test_accuracy_se']):.2f}",),
                        chosen="validation" if run is best[run["survey_entry"]] else None,
                        failed=float(run["test_accuracy"]) == 0,
                        modules=run["target_modules"].replace(LORAS, ""),
                    )
                    for run in maths
                ),
            ),
            Table(
                place="image generation",
                model="FLUX.2-klein-base-4B",
                suite="subject-driven images",
                metrics=("DINOv2 similarity",),
                measure="cosine of features to the subject",
                range=1,
                seeds=1,
                rows=tuple(
                    row(run, float(run["test_dino_similarity"]), 4) for run in runs("imagegen")
                ),
            ),
        ),
    )
