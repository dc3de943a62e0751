"""All controls analysed together: one model of every comparison on both texts.

    python3 scripts/dev.py study together
    python3 scripts/dev.py study together --checks
    python3 scripts/dev.py study together --rows new

docs/how-it-was-done.md says what is estimated and how it is checked. It trains nothing: it reads
the runs of the study of controls and writes docs/data/together.csv, or together_checks.csv. From
the runs of the replication, or from all, it writes together_new.csv or together_all.csv.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.diagnostics import effective_sample_size, split_gelman_rubin
from numpyro.infer import MCMC, NUTS

from adapters_np.linalg import Array
from scripts.studies.rows import short, write
from scripts.survey.results import controls, replication, together
from scripts.survey.results.together import Estimate, Priors, Word, of_all, plan, words

CHAINS, WARM, DRAWS = 4, 1000, 2500
PLANTED = 20
"""Tables with known effects."""


class Design(NamedTuple):
    """Differences in %, with the signs of their kinds, reduced to what a normal model needs."""

    names: list[str]
    kind: Array
    """Of each comparison, the last being none."""
    means: Array
    """Of the seeds, by comparison, text and base model."""
    squares: Array
    """Of the seeds around these, summed over base models, by comparison and text."""
    seeds: int


def design(by: controls.Runs | None = None) -> Design:
    """Return the table of runs: of the study of controls, if none are given."""
    some, kinds = controls.comparisons(by or controls.runs()), [*plan().kinds, ""]
    names = [f"{c.method}: {c.control}" for c in some]
    values = [
        [[v for (task, _), v in sorted(c.differences.items()) if task == asked] for c in some]
        for asked in plan().tasks
    ]
    kind, signs = zip(*map(plan().kind, names), strict=True)
    of = [kinds.index(one) for one in kind]
    return reduced(names, of, 100 * np.swapaxes(np.array(values), 0, 1), signs)


def reduced(names: list[str], kind: Any, values: Array, signs: Any) -> Design:
    values = np.asarray(signs)[:, None, None, None] * values
    means = values.mean(-1)
    squares = ((values - means[..., None]) ** 2).sum((-1, -2))
    return Design(names, np.asarray(kind), means, squares, values.shape[-1])


def model(
    tail: Any, mean: Any, spread: Any, kind: Any, means: Any, squares: Any, seeds: Any
) -> None:
    """Draw what an effect is made of: its kind, its method, the text; base model and seed blur it.

    Both spreads are drawn for each comparison on each text, towards one that a text's share.
    """
    (count, texts, bases), kinds = means.shape, len(plan().kinds)
    half = jnp.array([0.5, -0.5])  # the first text's way from the mean of both, in gaps
    effect = jnp.zeros((count, texts))
    for name, of in (("mean", jnp.ones(2)), ("gap", half)):
        heavy = dist.StudentT(tail, 0, 1)
        general = mean * numpyro.sample(f"kind_{name}", heavy.expand([kinds]))
        general = numpyro.deterministic(f"of_{name}", jnp.append(general, 0.0))
        apart = spread * numpyro.sample(f"spread_{name}", dist.LogNormal(0, 1).expand([kinds + 1]))
        own = numpyro.sample(f"own_{name}", dist.StudentT(tail, general[kind], apart[kind]))
        effect += own[:, None] * of
    numpyro.deterministic("effect", effect)
    base, seed = (spreads(name, count, texts) for name in ("base", "seed"))
    error = jnp.sqrt(base**2 + seed**2 / seeds)
    numpyro.sample("means", dist.Normal(effect[..., None], error[..., None]), obs=means)
    freedom = bases * (seeds - 1)
    numpyro.sample("squares", dist.Gamma(freedom / 2, 0.5 / seed**2), obs=squares)


def spreads(name: str, count: int, texts: int) -> Any:
    shared = numpyro.sample(f"{name}_shared", dist.LogNormal(-0.7, 1).expand([texts]))
    vary = numpyro.sample(f"{name}_vary", dist.LogNormal(-0.7, 0.5))
    return numpyro.sample(
        f"{name}_own", dist.LogNormal(jnp.log(shared), vary).expand([count, texts])
    )


def begun(given: Design, rng: np.random.Generator, chains: int) -> dict[str, Array]:
    """Return where chains start; spreads as logarithms."""
    kinds, (count, texts), by_text = len(plan().kinds), given.squares.shape, given.means.mean(-1)
    start = dict[str, Array]()
    for name in ("base", "seed"):
        for part, shape in (("vary", ()), ("shared", (texts,)), ("own", (count, texts))):
            start[f"{name}_{part}"] = np.zeros(shape)
    for name, raw in (("mean", by_text.mean(1)), ("gap", by_text[:, 0] - by_text[:, 1])):
        start |= {f"kind_{name}": np.zeros(kinds), f"spread_{name}": np.zeros(kinds + 1)}
        start[f"own_{name}"] = raw
    return {name: of + rng.normal(0, 0.3, (chains, *of.shape)) for name, of in start.items()}


class Sampler:
    """Draws from the posterior; compiled once for all tables of one size."""

    def __init__(self, draws: int = DRAWS, warm: int = WARM, chains: int = CHAINS) -> None:
        self.of = MCMC(
            NUTS(model, target_accept_prob=0.9), num_warmup=warm, num_samples=draws,
            num_chains=chains, chain_method="vectorized", progress_bar=False, jit_model_args=True,
        )  # fmt: skip

    def __call__(self, given: Design, priors: Priors, seed: int = 0) -> dict[str, Array]:
        """Return draws by name: chains, draws, and then what the name has.

        Chains start around the raw means: far off, a large effect is first taken for a spread.
        """
        kind = given.kind if priors.kinds else np.full_like(given.kind, len(plan().kinds))
        self.of.run(
            jax.random.key(seed), float(priors.tail), float(priors.mean), float(priors.spread),
            kind, given.means, given.squares, float(given.seeds),
            init_params=begun(given, np.random.default_rng(seed), self.of.num_chains),
        )  # fmt: skip
        return {k: np.asarray(v) for k, v in self.of.get_samples(group_by_chain=True).items()}


# What the draws say -------------------------------------------------------------------------------


def estimates(given: Design, draws: dict[str, Array]) -> Iterator[Estimate]:
    """Yield what is known of each kind, in the methods here and in any, and of each comparison."""
    effect, kinds = draws["effect"], list(plan().kinds)
    for k, kind in enumerate(kinds):
        yield from over_texts(("methods", kind, "", ""), effect[:, :, given.kind == k].mean(2))
        mean, gap = (draws[f"of_{name}"][..., k, None] for name in ("mean", "gap"))
        yield from over_texts(("any", kind, "", ""), mean + gap * np.array([0.5, -0.5]))
    for c, name in enumerate(given.names):
        kind, sign = plan().kind(name)
        about = ("comparison", kind, *name.split(": "))
        yield from over_texts(about, sign * effect[:, :, c])


def over_texts(about: Sequence[str], draws: Array) -> Iterator[Estimate]:
    """Yield what is known over both texts and on each; draws are chains, draws, texts."""
    margin, (what, kind, method, control) = plan().margin, about
    for t, task in enumerate(("", *plan().tasks)):
        some = draws[..., t - 1] if task else draws.mean(-1)
        low, high = map(float, np.quantile(some, (0.025, 0.975)))
        above, beyond, below, within = (
            float(so.mean()) for so in (some > 0, some > margin, some < -margin, abs(some) < margin)
        )
        rhat, drawn = float(split_gelman_rubin(some)), float(effective_sample_size(some))
        yield Estimate(
            what, kind, method, control, task, float(some.mean()), float(some.std()), low, high,
            above, beyond, below, within, rhat, drawn,
        )  # fmt: skip


def analysed(of: str = "before") -> None:
    """Write what is known from the runs `before`, the `new` ones, or `all`."""
    given = design(None if of == "before" else replication.runs(before=of == "all"))
    made = list(estimates(given, Sampler()(given, plan().priors["usual"])))
    rows = [{k: short(v, 4) for k, v in e._asdict().items()} for e in made]
    write(together.TABLE if of == "before" else together.TABLE.with_stem(f"together_{of}"), rows)
    print(together.kinds(made))


# Checks -------------------------------------------------------------------------------------------


def planted(like: Design, rng: np.random.Generator) -> tuple[Array, Design]:
    """Return effects, and a table drawn with them: of the size of the real one, of another law.

    Most effects of a kind are alike, some are far off; the spreads of base models and seeds vary as
    those of the real table do.
    """
    kinds, shape = len(plan().kinds), like.means.shape
    general = np.append(rng.normal(0, (2, 1), (kinds, 2)), [[0, 0]], 0)[like.kind]
    far = rng.random(general.shape) < (0.4, 0.2)
    own = general + np.where(far, 3 * rng.standard_t(3, far.shape), rng.normal(0, 0.4, far.shape))
    effect = own[:, :1] + own[:, 1:] * (0.5, -0.5)
    base, seed = (0.5 * np.sqrt(f / rng.chisquare(f, shape[:2])) for f in (2.1, 12.0))
    means = effect[..., None] + base[..., None] * rng.standard_normal(shape)
    noise = rng.standard_normal((*shape, like.seeds))
    values = means[..., None] + seed[..., None, None] * noise
    return effect, reduced(like.names, like.kind, values, np.ones(len(like.names)))


def right(truth: Array, like: Design, found: list[Estimate]) -> Iterator[tuple[str, bool]]:
    """Yield what is said of effects that are known, and whether it is so."""
    margin, sure = plan().margin, plan().sure
    signs = np.array([plan().kind(name)[1] for name in like.names])
    of = [truth[like.kind == k].mean(0) for k in range(len(plan().kinds))]
    of += list(signs[:, None] * truth)
    asked = [e for e in found if e.what != "any"]
    for e, true in zip(asked, np.ravel([[o.mean(), *o] for o in of]), strict=True):
        what = "kind" if e.what == "methods" else "comparison"
        yield f"interval of a {what}", e.low < true < e.high
        if max(e.above, 1 - e.above) > (1 + sure) / 2:
            yield f"sign of a {what}", (true > 0) == (e.above > 0.5)
        if max(e.beyond, e.below) > sure:
            yield f"margin passed by a {what}", (true if e.mean > 0 else -true) > margin
        if e.within > sure:
            yield f"margin kept by a {what}", abs(true) < margin


def checked() -> None:
    """Write how often the model is right where effects are known, and what other priors change."""
    given, rows = design(), list[dict[str, Any]]()

    def noted(
        check: str, what: str, value: float, among: int | None = None, which: Any = ""
    ) -> None:
        rows.append(
            {"check": check, "what": what, "value": float(value), "among": among, "which": which}
        )

    def mixed(check: str, *every: dict[str, Array]) -> None:
        some = [
            of
            for draws in every
            for name, of in draws.items()
            if not name.startswith(("of_", "kind_"))
        ]
        noted(check, "largest R-hat", max(split_gelman_rubin(of).max() for of in some))
        noted(check, "fewest effective draws", min(effective_sample_size(of).min() for of in some))

    usual = dict[str, Word]()
    sampler = Sampler()
    for name, priors in plan().priors.items():
        draws = sampler(given, priors, seed=1)
        found = list(estimates(given, draws))
        said_now = {method: of_all(own.values()) for method, own in words(found).items()}
        usual = usual or said_now
        other = [f"{method}: {one}" for method, one in said_now.items() if one != usual[method]]
        noted(name, "words that differ", len(other), len(usual), "; ".join(other))
        mixed(name, draws)
        for e in found:
            if e.what == "methods" and not e.task:
                noted(name, e.kind, e.mean, which=f"{short(e.low, 3)} to {short(e.high, 3)}")
    rng, said = np.random.default_rng(0), list[tuple[str, bool]]()
    sampler, every = Sampler(1000, 1000), list[dict[str, Array]]()
    for seed in range(PLANTED):
        truth, table = planted(given, rng)
        every.append(sampler(table, plan().priors["usual"], seed))
        said += right(truth, given, list(estimates(table, every[-1])))
    mixed("planted", *every)
    for what in dict.fromkeys(what for what, _ in said):
        so = [is_so for asked, is_so in said if asked == what]
        noted("planted", what, sum(so), len(so))
    write(together.CHECKS, [{k: short(v, 4) for k, v in row.items()} for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(prog="study together", description=__doc__)
    parser.add_argument("--checks", action="store_true", help="write how far it is to be trusted")
    parser.add_argument("--rows", choices=["before", "new", "all"], default="before")
    chosen = parser.parse_args()
    checked() if chosen.checks else analysed(chosen.rows)
