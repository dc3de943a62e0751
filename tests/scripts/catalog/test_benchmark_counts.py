"""Parameters of PEFT's benchmarks: what PEFT counted, run by run, beside ours.

Of texts the model is Llama-3.2-3B, of images FLUX.2-klein-base-4B. Settings are those of the runs'
`adapter_config.json` in PEFT's repository, under method_comparison.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from math import isqrt, prod
from typing import Any, NamedTuple

import pytest

from adapters_np.core import arrays, knobs, load, sizes
from scripts.bootstrap import ROOT
from scripts.catalog.counts import MEASURED, SIDES, count

LLAMA, FLUX = "llama-3.2-3B-", "flux2-klein-"


def rows(suite: str, model: str) -> dict[str, dict[str, str]]:
    """Return the rows of a benchmark by their experiment, without the model's name."""
    with (ROOT / f"docs/data/peft_{suite}.csv").open(encoding="utf-8", newline="") as file:
        return {re.sub(model, "", row["experiment"]): row for row in csv.DictReader(file)}


TEXTS, IMAGES = rows("metamathqa", LLAMA), rows("imagegen", FLUX)


class Group(NamedTuple):
    """Weights of one name and shape, with how many layers have one."""

    d_out: int
    d_in: int
    times: int


Groups = Sequence[Group]

KLEIN = (
    *[Group(3072, 3072, 5)]
    * 8,  # to_q to_k to_v to_out.0, add_q_proj add_k_proj add_v_proj to_add_out
    Group(18432, 3072, 10),  # linear_in, of images and of texts
    Group(3072, 9216, 10),  # linear_out
    Group(27648, 3072, 20),  # to_qkv_mlp_proj
)
"""What all runs on images adapt: 5 layers of two streams and 20 of one, as diffusers has them."""

KLEIN_NORMS = 2 * 5 + 2 * 20  # norm_q and norm_k, each of a head's 128 channels; no norm_added_q
KLEIN_REST = (
    (3072, 256 + 3072 + 128 + 7680),  # of time, twice, of the image and of the text
    (2 * 18432 + 9216 + 6144 + 128, 3072),  # modulations, the last norm's, and what is put out
    (20 * 3072, 12288),  # to_out of the layers of one stream
    (KLEIN_NORMS + 2 * 5, 128),
)
"""What no run on images adapts, (d_out, d_in) with several weights stacked in one."""


def by_name(names: str) -> Groups:
    """Return the weights of Llama with these names."""
    return [Group(*sizes(f"{SIDES[n]}, layers", **MEASURED._asdict())) for n in names.split("+")]


def weights(run: str) -> Groups:
    """Return what a run on texts adapts."""
    return by_name(TEXTS[run]["target_modules"])


Knobs = Callable[[int, int], dict[str, Any]]
"""Of (d_out, d_in) of a weight: where PEFT has a number that ours is derived from."""


def of(**given: Any) -> Knobs:
    return lambda m, n: given


def frod(share: float) -> Knobs:
    """PEFT rounds the number of exchanges down, ours up."""
    return lambda m, n: {"density": (int(share * n * n) - 0.5) / (n * n)}


RUNS: dict[str, tuple[str, Knobs]] = {
    **{
        f"{method}--rank32": (method, of(rank=32))
        for method in ("lora", "gralora", "deft", "delora", "loha")
    },
    "hira--rank32-lr4.5e-3": ("hira", of(rank=32)),
    "lora--rank64": ("lora", of(rank=64)),
    "lora--rank64-rslora": ("lora", of(rank=64, rank_stabilised=True)),
    "lora--rank10-target-mlp": ("lora", of(rank=10)),
    "lora--rank32-dora": ("dora", of(rank=32)),
    "lora--rank32-mica": ("mica", of(rank=32)),
    "adalora--rank32": ("adalora", of(rank=64)),
    "shira--lr_0.0003-random_seed_42": (
        "shira", lambda m, n: {"density": (32 * (m + n) - 0.5) / (m * n)},
    ),
    "frod--default": ("frod", frod(0.01)),
    "frod--sparse0.02-lr_0.001": ("frod", frod(0.02)),
    "miss--default": ("miss", of(rank=64)),
    "miss--bat": ("miss", of(rank=64, bat=True)),
    "miss--mini": ("miss", lambda m, n: {"rank": 64, "output_repeats": m // 64}),
    "oft--rank32": ("oft", lambda m, n: {"block_size": n // 32}),
    "c3a--default": ("c3a", of(block_size=64)),
    "randlora--default": ("randlora", of(rank=32)),
    "lokr--rank32-factor4-lr0.003": ("lokr", of(rank=32)),
    "psoft--default": ("psoft", of(rank=256)),
    "psoft--fast": ("psoft", of(rank=256)),
    "peanut--rank32-relu-depth0-s2.0": ("peanut", of(rank=32)),
    "peanut--rank1-relu-depth0-s32.0": ("peanut", of(rank=1)),
    "deft--rank32-para": ("para", of(rank=32)),
    "osf--rank128": ("osf", of(rank=128)),
    "glora--default": ("glora", of(rank=8)),
    "glora--vector-paths": ("glora", of(paths="vector")),
    "waveft--n_frequency-5000": ("waveft", of(n_frequency=5000)),
    "fourierft--n_frequency-5000": ("fourierft", of(n_frequency=5000)),
    "fourierft--default": ("fourierft", of(n_frequency=1000)),
    "road--lr_0.001": ("road", of(variant=2)),
    "vera--default": ("vera", of(rank=256)),
    "pvera--default": ("pvera", of(rank=256)),
    "pvera--rank64": ("pvera", of(rank=64)),
    "adamss--rank32": ("adamss", of(groups=32, rank=1, directions=100)),
    "vblora--default": ("vblora", of(num_vectors=256, vector_length=256)),
    "tinylora--default": ("tinylora", of(u=64)),
    "unilora--default": ("unilora", of(length=256)),
    "beft--target-v_proj": ("beft", of()),
}  # fmt: skip
"""Module and knobs of a run on texts that adapts weights."""

PICTURED: dict[str, tuple[str, Knobs]] = {
    **{
        f"{method}--default": (method, of(rank=32))
        for method in ("lora", "gralora", "deft", "glora", "loha", "delora", "hra")
    },
    **{
        f"{method}--default": (method, of(rank=32))
        for method in ("peanut", "randlora", "psoft", "vera", "pvera")
    },
    "lora--rank64": ("lora", of(rank=64)),
    "dora--rank64": ("dora", of(rank=64)),
    "deft--para": ("para", of(rank=32)),
    "oft--default": ("oft", of(block_size=32)),
    "shira--default": ("shira", lambda m, n: {"density": (32 * (m + n) - 0.5) / (m * n)}),
    "adalora--default": ("adalora", of(rank=32)),
    "road--default": ("road", of(variant=1)),
    "miss--default": ("miss", of(rank=32)),
    "ia3--default": ("ia3", of(feedforward=True)),
    "c3a--default": ("c3a", of(block_size=256)),
    "waveft--default": ("waveft", of(n_frequency=2592)),
    "fourierft--default": ("fourierft", of(n_frequency=2000)),
    "vblora--default": ("vblora", of(rank=32, num_vectors=256, vector_length=256)),
    "frod--default": ("frod", frod(0.01)),
}
"""Module and knobs of a run on images that adapts weights."""

ELSEWHERE: dict[str, tuple[str, dict[str, Any]]] = {
    "ln_tuning--default": ("ln_tuning", {}),
    "trainable_tokens--sos+eos": ("trainable_tokens", {"tokens": 2}),
    "prefixtuning--tokens50-init_prefix-lr_0.005": ("prefix_tuning", {"tokens": 50}),
    "prefixtuning--lr_0.005_zero_init": ("prefix_tuning", {"tokens": 200}),
    "prefixtuning--lr_0.001": ("prefix_tuning", {"tokens": 200}),
    **{
        f"prompt_tuning--{name}": ("prompt_tuning", {"tokens": 200})
        for name in ("default", "lr_0.001", "sample_vocab-lr_0.001")
    },
    **{
        f"adaptionprompt--{name}": ("llama_adapter", {"tokens": 100})
        for name in ("lr_0.0005", "lr_5e-3")
    },
}
"""Of a run that adapts something else."""

GAINS = {
    "ia3--default": {"down_proj"},
    "ia3--lr_0.001": {"down_proj"},
    "ia3--all-attn-5k-lr0.005": {"gate_proj", "up_proj", "down_proj"},
}
"""Of a run of IA3, the weights whose inputs it scales; of all others it scales the outputs."""


def boft(groups: Groups, block: int) -> int:
    """Count whole blocks: PEFT trains b² entries of each, though half of them do nothing.

    One butterfly factor is trained whatever is asked for, since more need PEFT's CUDA extension.
    """
    return sum((g.d_in * block + g.d_out) * g.times for g in groups)


def lily(groups: Groups, rank: int, stocks: int, stride: int) -> int:
    """Count an A for every `stride` layers, one stock of B for all, and a router for each layer.

    Layers share only with those whose weight has their name and shape.
    """
    total = 0
    for g in groups:
        shapes = {f.name: f.shape for f in arrays(load("lily")) if f.learned}
        chosen = {"d_out": g.d_out, "d_in": g.d_in, "rank": rank, "experts": stocks}
        times = {"A": -(-g.times // stride), "B": 1, "G": g.times}
        total += sum(prod(sizes(shapes[name], **chosen)) * n for name, n in times.items())
    return total


def bdlora(rank: int, blocks: int, reading: str, writing: str) -> int:
    """Count LoRA with one factor in blocks: A of weights in `reading`, B of those in `writing`."""
    total = sum(rank * (g.d_in // blocks + g.d_out) * g.times for g in by_name(reading))
    return total + sum(rank * (g.d_in + g.d_out // blocks) * g.times for g in by_name(writing))


def factors(d: int) -> tuple[int, int]:
    """Return two factors of d, the smaller first, as near to one another as there are."""
    low = next(k for k in range(isqrt(d), 0, -1) if d % k == 0)
    return low, d // low


def lokr(groups: Groups, rank: int) -> int:
    """Count PEFT's LoKr with decompose_factor=-1, which cuts either side near its root.

    The second block is full where the rank is no less than half its longer side.
    """
    total = 0
    for g in groups:
        (small_out, large_out), (small_in, large_in) = factors(g.d_out), factors(g.d_in)
        full = rank >= max(large_out, large_in) / 2
        second = large_out * large_in if full else rank * (large_out + large_in)
        total += (small_out * small_in + second) * g.times
    return total


def encoder(tokens: int, hidden: int, width: int) -> int:
    """Count a prompt and the three layers with biases that make it."""
    return tokens * width + sum(
        (m + 1) * n for m, n in ((width, hidden), (hidden, hidden), (hidden, width))
    )


BY_FORMULA: dict[str, tuple[int, str]] = {
    "texts boft--default": (
        boft(weights("boft--default"), 4), "PEFT trains whole blocks, ours their upper halves",
    ),
    "texts lily--rank140-mlp-a2-b2-s8.0": (
        lily(weights("lily--rank140-mlp-a2-b2-s8.0"), 140, 2, 14),
        "14 layers share an A, ours has one each",
    ),
    "texts lily--rank896-a2-b2-s2.0": (
        lily(weights("lily--rank896-a2-b2-s2.0"), 896, 2, 14),
        "14 layers share an A, ours has one each",
    ),
    "texts lora--rank14-target-mlp-bdlora": (
        bdlora(14, 2, "down_proj", "gate_proj+up_proj"),
        "one factor is in blocks: no module",
    ),
    "texts lora--rank32-lorafa": (
        sum(32 * g.d_out * g.times for g in weights("lora--rank32-lorafa")), "LoRA-FA freezes A",
    ),
    "texts tinylora--weight-tying": (
        prod(sizes(next(f.shape for f in arrays(load("tinylora")) if f.learned), u=64)),
        "one vector serves all layers, ours has one each",
    ),
    "texts ptuning--default": (encoder(20, 3072, 3072), "an encoder of prompts: no module"),
    "texts full-finetuning--lr_0.00001": (MEASURED.total, "all parameters of the model"),
    "images boft--default": (
        boft(KLEIN, 4), "PEFT trains whole blocks, and one factor of the two that were asked for",
    ),
    "images lily--default": (lily(KLEIN, 32, 2, 1), "every weight's name has a stock of its own"),
    "images lokr--lr1e-3": (lokr(KLEIN, 32), "PEFT cuts outputs and inputs each in its own way"),
    "images ln_tuning--default": (128 * KLEIN_NORMS, "norms of heads: no decoder has them"),
    "images full-finetuning--default": (
        sum(m * n for m, n in KLEIN_REST) + sum(g.d_out * g.d_in * g.times for g in KLEIN),
        "all parameters of the model",
    ),
}  # fmt: skip
"""By benchmark and run, a count by PEFT's own rule, and why no module of ours gives it."""

UNCOUNTED: dict[str, str] = {}
"""Runs of either benchmark that cannot be counted, and why."""


def counted(slug: str, given: Knobs, groups: Groups) -> int:
    """Return what a module counts on weights."""
    cls, total = load(slug), 0
    for field in (f for f in arrays(cls) if f.learned):
        found = []
        for m, n, times in groups:
            chosen = {name: knob.default for name, knob in knobs(cls).items()} | given(m, n)
            found.append((prod(sizes(field.shape, d_out=m, d_in=n, **chosen)), times))
        total += max(s for s, _ in found) if field.shared else sum(s * n for s, n in found)
    return total


@pytest.mark.parametrize("run", RUNS)
def test_a_module_counts_what_peft_has_counted(run: str) -> None:
    assert counted(*RUNS[run], weights(run)) == int(TEXTS[run]["trainable_params"])


@pytest.mark.parametrize("run", PICTURED)
def test_a_module_counts_what_peft_has_counted_on_images(run: str) -> None:
    assert counted(*PICTURED[run], KLEIN) == int(IMAGES[run]["trainable_params"])


@pytest.mark.parametrize("name", BY_FORMULA)
def test_peft_s_own_rule_counts_what_no_module_does(name: str) -> None:
    suite, run = name.split()
    row = {"texts": TEXTS, "images": IMAGES}[suite][run]
    assert BY_FORMULA[name][0] == int(row["trainable_params"])


@pytest.mark.parametrize("run", ELSEWHERE)
def test_what_is_no_weight_is_counted_alike(run: str) -> None:
    slug, given = ELSEWHERE[run]
    assert count(load(slug), MEASURED, **given) == int(TEXTS[run]["trainable_params"])


@pytest.mark.parametrize("run", GAINS)
def test_gains_are_counted_by_the_side_that_they_scale(run: str) -> None:
    names = TEXTS[run]["target_modules"].split("+")
    sides = zip(names, weights(run), strict=True)
    total = sum((n if name in GAINS[run] else m) * times for name, (m, n, times) in sides)
    assert total == int(TEXTS[run]["trainable_params"])


def test_adamss_has_peft_s_sizes_and_not_their_product_alone() -> None:
    """PEFT's r=100 are directions of the weight, num_subspaces=32 groups of outputs."""
    cls, given = (
        load("adamss"),
        {"d_out": 1024, "d_in": 3072, **RUNS["adamss--rank32"][1](1024, 3072)},
    )
    shapes = {f.name: sizes(f.shape, **given) for f in arrays(cls)}
    assert shapes["A"] == (32, 1, 100)
    assert shapes["Vt"] == (100, 3072)


def test_every_run_is_counted_or_said_to_be_apart(capsys: pytest.CaptureFixture[str]) -> None:
    modules = {*RUNS, *ELSEWHERE, *GAINS}
    counted_ones = {f"texts {run}" for run in modules} | {f"images {run}" for run in PICTURED}
    assert not counted_ones & {*BY_FORMULA, *UNCOUNTED}
    everything = {f"texts {run}" for run in TEXTS} | {f"images {run}" for run in IMAGES}
    assert counted_ones | {*BY_FORMULA, *UNCOUNTED} == everything
    with capsys.disabled():
        for name, why in UNCOUNTED.items():
            print(f"\n{name} is not counted: {why}")
