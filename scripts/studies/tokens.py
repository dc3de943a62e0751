"""Byte-pair encoding with a vocabulary of 512, learned from the start of the pretraining text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VOCABULARY = 512
Ids = NDArray[np.int32]
Merges = list[tuple[int, int]]


def as_bytes(text: str) -> Ids:
    return np.frombuffer(text.encode(), np.uint8).astype(np.int32)


def merge(ids: Ids, pair: tuple[int, int], new: int) -> Ids:
    """Return the text with every occurrence of a pair replaced, the earlier of two that overlap.

    >>> merge(np.array([7, 7, 7, 1, 7, 7]), (7, 7), 9)
    array([9, 7, 1, 9])
    """
    hits = np.flatnonzero((ids[:-1] == pair[0]) & (ids[1:] == pair[1]))
    if pair[0] == pair[1] and len(hits):  # of a run of equal ids every other pair
        first = np.maximum.accumulate(np.where(np.diff(hits, prepend=-2) > 1, hits, 0))
        hits = hits[(hits - first) % 2 == 0]
    ids = ids.copy()
    ids[hits] = new
    return np.delete(ids, hits + 1)


def learn(text: str, vocabulary: int = VOCABULARY) -> Merges:
    """Return the pairs that are most frequent, each after those before it are merged."""
    ids, merges = as_bytes(text), []
    for new in range(256, vocabulary):
        counts = np.bincount(ids[:-1] * vocabulary + ids[1:], minlength=vocabulary**2)
        a, b = divmod(int(counts.argmax()), vocabulary)
        merges.append((a, b))
        ids = merge(ids, (a, b), new)
    return merges


def encode(text: str, merges: Merges) -> Ids:
    """Return a text as tokens.

    >>> encode("abab c", learn("abab", 258))
    array([257,  32,  99], dtype=int32)
    """
    ids = as_bytes(text)
    for new, pair in enumerate(merges, 256):
        ids = merge(ids, pair, new)
    return ids


def decode(ids: Ids, merges: Merges) -> str:
    table = [bytes([i]) for i in range(256)]
    for a, b in merges:
        table.append(table[a] + table[b])
    return b"".join(table[i] for i in ids).decode("utf-8", "replace")
