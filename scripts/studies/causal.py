"""Ask any causal model of Hugging Face what the experiment asks: PEFT's adapters, tuned and seeded.

    python3 -m scripts.studies.causal HuggingFaceTB/SmolLM2-135M
    python3 -m scripts.studies.causal ./my-model --only "lora 4" --texts ./my-texts

What it needs is torch, transformers, peft and requirements.txt, in an environment of its own. A
model is a name or a folder. It reads source code and a novel out of pinned packages, or a folder
with train.txt, validation.txt, test.txt and, to see what is forgotten, held.txt. Every run is one
line of .study/causal/*.jsonl; one that is there is not made again. What there is becomes
docs/data/causal/*.csv, which a pull request can bring, and a table on the terminal.
docs/data/causal.yml says what there is to run.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scripts.bootstrap import ROOT
from scripts.studies import corpora
from scripts.studies.kept import append, read
from scripts.studies.sweep import around, best, next_rates, tried
from scripts.survey.results import causal
from scripts.survey.results.causal import LOSSES, Entry, plan

RUNS = ROOT / ".study" / "causal"
TRIED = range(-16, 3)
"""Rates that a sweep may come to, in half decades."""

EVALUATED = 16
"""Pieces of text that are judged at once."""

WARM = 0.1
"""The part of a run in which the rate rises."""


class Run(NamedTuple):
    """The settings of a run: model, entry, task and training."""

    model: str
    entry: str
    task: str
    rate: float
    seed: int
    phase: str

    @property
    def key(self) -> str:
        """The hash by which it is found again: of all that decides on its numbers."""
        own = plan()
        parts = [*self, own.entries[self.entry].model_dump(mode="json"), own.steps, own.batch,
                 own.tokens, own.judged.model_dump(mode="json")]  # fmt: skip
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


class Cell(NamedTuple):
    """An entry on a task: a sweep, and then the seeds that count."""

    model: str
    entry: str
    task: str

    def run(self, half_decades: int, seed: int, phase: str) -> Run:
        """Return one run of this cell."""
        return Run(*self, round(10 ** (half_decades / 2), 9), seed, phase)


def due(cell: Cell, done: Mapping[str, Mapping[str, Any]]) -> list[Run]:
    """Return the runs of a cell that can be started now, given those that are done."""
    found = tried(lambda k: cell.run(k, plan().sweep_seed, "sweep").key, TRIED, done)
    rates = next_rates(around(plan().entries[cell.entry].guess), found)
    runs = (
        [cell.run(k, plan().sweep_seed, "sweep") for k in rates]
        if rates
        else [cell.run(best(found), seed, "final") for seed in plan().seeds]
    )
    return [run for run in runs if run.key not in done]


# Texts --------------------------------------------------------------------------------------------


def text(task: str, which: str, folder: Path | None) -> str:
    """Return a part of a text: train, validation or test, or what shows forgetting, held."""
    if folder:
        return (folder / f"{which}.txt").read_text("utf-8")
    about = plan().tasks[task]
    corpus, part = (about.held, "test") if which == "held" else (about.learn, which)
    return corpora.part(corpora.documents(corpus), part)


def named(folder: Path) -> str:
    """Return the name of the task of a reader's own texts, which other texts do not have."""
    parts = b"".join((folder / f"{which}.txt").read_bytes() for which in ("train", *LOSSES))
    return f"{folder.resolve().name} {hashlib.sha256(parts).hexdigest()[:8]}"


def pieces(ids: list[int], tokens: int) -> Any:
    """Return a text in pieces, (n, tokens).

    Raises:
        ValueError: when it is shorter than one.
    """
    n = len(ids) // tokens
    if not n:
        raise ValueError(f"a text has {len(ids)} tokens, fewer than one piece of {tokens}")
    return np.array(ids[: n * tokens]).reshape(n, tokens)


def spread(found: Any, n: int) -> Any:
    """Return at most n pieces, at equal distances."""
    return found[np.linspace(0, len(found) - 1, min(n, len(found))).astype(int)]


# A run --------------------------------------------------------------------------------------------


def targets(net: Any, at: str) -> list[str]:
    """Return the names of all linear layers but the head, or of all norms."""
    import torch  # type: ignore[import-not-found]

    head = net.get_output_embeddings()
    if at == "norms":
        return [name for name, m in net.named_modules() if "norm" in type(m).__name__.lower()]
    return [
        name for name, m in net.named_modules() if isinstance(m, torch.nn.Linear) and m is not head
    ]


def adapted(net: Any, entry: Entry) -> Any:
    """Return a model in which what an entry trains can be trained, and nothing else."""
    if not entry.config:
        return net
    import peft  # type: ignore[import-not-found]

    config = getattr(peft, entry.config)
    given = dict(entry.arguments, target_modules=targets(net, entry.at), task_type="CAUSAL_LM")
    found = peft.get_peft_model(net, config(**given))
    for name, parameter in found.named_parameters():
        if any(part in name for part in entry.frozen):
            parameter.requires_grad_(False)
    return found


class Study:
    """A model in memory, its texts as tokens, and what it says of them before it is trained."""

    def __init__(self, name: str, device: str, folder: Path | None) -> None:
        """Load the model and its tokenizer, in float32."""
        import torch
        import transformers  # type: ignore[import-not-found]

        self.name, self.device, self.folder = name, device, folder
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(name)
        self.base = transformers.AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32)
        self.start = cache(self._start)
        self.parts = cache(self._parts)

    def _parts(self, task: str) -> dict[str, Any]:
        """Return all parts of a task in pieces."""
        judged, found = plan().judged, {}
        for which in ("train", *LOSSES):
            ids = self.tokenizer(text(task, which, self.folder))["input_ids"]
            whole = pieces(ids, plan().tokens)
            found[which] = whole if which == "train" else spread(whole, getattr(judged, which))
        return found

    def _start(self, task: str) -> dict[str, float]:
        """Return the losses of the model as it is."""
        net = deepcopy(self.base).to(self.device)  # a run needs the memory that this one takes
        return {f"start_{which}": self.loss(net, self.parts(task)[which]) for which in LOSSES}

    def loss(self, net: Any, found: Any) -> float:
        """Return the mean loss of a model on pieces of text, in nats a token."""
        import torch

        net.eval()
        total = 0.0
        with torch.no_grad():
            for i in range(0, len(found), EVALUATED):
                ids = torch.as_tensor(found[i : i + EVALUATED], device=self.device)
                total += float(net(input_ids=ids, labels=ids).loss) * len(ids)
        return total / len(found)

    def train(self, net: Any, run: Run) -> bool:
        """Train a model in place, and say whether its loss stayed finite."""
        import torch

        own, found = plan(), self.parts(run.task)["train"]
        order = np.random.default_rng([77, run.seed]).integers(
            len(found), size=(own.steps, own.batch)
        )
        trained = [p for p in net.parameters() if p.requires_grad]
        adam = torch.optim.AdamW(trained, lr=run.rate, weight_decay=0.0)
        warm = max(1, round(WARM * own.steps))
        rise = torch.optim.lr_scheduler.LambdaLR(
            adam, lambda i: min((i + 1) / warm, (own.steps - i) / (own.steps - warm + 1))
        )
        net.train()
        for chosen in order:
            ids = torch.as_tensor(found[chosen], device=self.device)
            loss = net(input_ids=ids, labels=ids).loss
            if not torch.isfinite(loss):
                return False
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            adam.step()
            rise.step()
        return True

    def run(self, run: Run) -> dict[str, Any]:
        """Make one run and return its row."""
        import torch

        began, start = time.monotonic(), self.start(run.task)
        torch.manual_seed(run.seed)
        net = adapted(deepcopy(self.base), plan().entries[run.entry]).to(self.device)
        good = self.train(net, run)
        losses = {which: self.loss(net, self.parts(run.task)[which]) for which in LOSSES}
        row = {
            **run._asdict(), **losses, **start, "key": run.key,
            "parameters": sum(p.numel() for p in net.parameters() if p.requires_grad),
            "steps": plan().steps, "batch": plan().batch,
            "status": "done" if good and np.isfinite(list(losses.values())).all() else "diverged",
            "seconds": round(time.monotonic() - began, 1), "device": described(self.device),
            "versions": versions(),
        }  # fmt: skip
        return {name: row[name] for name in causal.Run._fields}


def described(device: str) -> str:
    """Return what a device is called."""
    import torch

    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


def versions() -> str:
    """Return the versions of what decides on the numbers."""
    import peft
    import torch
    import transformers

    return " ".join(f"{m.__name__}={m.__version__}" for m in (torch, transformers, peft))


# The study ----------------------------------------------------------------------------------------


def missing(cells: list[Cell], done: dict[str, dict[str, Any]]) -> Iterator[Run]:
    """Yield what is missing, one run after the other; each has to be done before the next."""
    for cell in cells:
        while runs := due(cell, done):
            yield from runs


def filed(model: str) -> str:
    """Return the name of a model as that of a file."""
    return re.sub(r"[^\w.-]+", "_", model.strip("./"))


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write a table in the plan's order."""
    entries = list(plan().entries)
    rows = sorted(
        rows, key=lambda r: (entries.index(r["entry"]), r["task"], r["phase"], r["rate"], r["seed"])
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, causal.Run._fields, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


def report(runs: list[causal.Run]) -> Iterator[str]:
    """Yield what came out, a line for each complete cell."""
    yield f"{'entry':28}{'task':8}{'parameters':>12}{'rate':>10}{'nats':>8}{'of full':>9}  beside"
    for f in causal.results(runs):
        share = "" if f.improvement is None else f"{100 * f.improvement:.0f} %"
        like = plan().entries[f.entry].like
        beside = (
            f"{f.beside.mean:+.4f} ({f.beside.low:.4f} to {f.beside.high:.4f}), {like}"
            if f.beside
            else ""
        )
        yield (f"{f.entry:28}{f.task:8}{f.parameters:>12,}{f.rate:>10.2g}{f.fall.mean:>8.3f}"
               f"{share:>9}  {beside}")  # fmt: skip


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a name on Hugging Face, or a folder")
    parser.add_argument("--only", default="", help="cells whose entry or task have this")
    parser.add_argument("--texts", type=Path, help="a folder with train.txt and so on")
    parser.add_argument("--device", default="", help="cuda, mps or cpu; the first there is")
    parser.add_argument("--table", action="store_true", help="only write the table")
    chosen = parser.parse_args()
    for part in ("train", *LOSSES) if chosen.texts else ():
        if not (chosen.texts / f"{part}.txt").is_file():
            sys.exit(f"--texts={str(chosen.texts)!r}: there is no {part}.txt in it")
    tasks = [named(chosen.texts)] if chosen.texts else list(plan().tasks)
    cells = [Cell(chosen.model, entry, task) for task in tasks for entry in plan().entries]
    these = [cell for cell in cells if chosen.only in f"{cell.entry}, {cell.task}"]
    if not these:
        sys.exit(f"--only={chosen.only!r}: no cell has this. Entries: {', '.join(plan().entries)}")
    path = RUNS / f"{filed(chosen.model)}.jsonl"
    done = read(path)
    if not chosen.table:
        import torch

        there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
        device = chosen.device or next(
            (name for name, is_there in there.items() if is_there), "cpu"
        )
        study = Study(chosen.model, device, chosen.texts)
        for run in missing(these, done):
            row = study.run(run)
            done[run.key] = row
            append(row, path)
            print(f"· {run.entry}, {run.task}, {run.rate:.2g}, seed {run.seed}: "
                  f"{row['test']:.4f} nats, {row['seconds']:.0f} s", flush=True)  # fmt: skip
    table = causal.TABLES / f"{filed(chosen.model)}.csv"
    write(table, list(done.values()))
    print("\n".join(report(causal.read(table))))
    print(f"· {table.relative_to(ROOT)} has all runs")


if __name__ == "__main__":
    main()
