"""Numbers as readers see them: their decimals, signs, units and intervals."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

WORDS = ("ahead", "behind")
"""For a difference of losses: below zero, and above."""

PLAIN = {
    "dealt": "random ties",
    "neighbours mixed": "mixed neighbours",
    "own banks": "separate banks",
    "rotated": "rotated axes",
    "shuffled": "shuffled order",
    "the other end": "smallest entries",
    "unbounded": "no bound",
}
"""Names of controls that say too little alone."""


def named(key: str) -> str:
    """Return the name of a control for readers: tables have it as a key, in small letters.

    >>> named("gain and lora"), named("own banks")
    ('gain and LoRA', 'separate banks')
    """
    return PLAIN.get(key, re.sub(r"\blora\b", "LoRA", key))


def typeset(text: str) -> str:
    return text.replace("-", "−")


def number(value: float, digits: int) -> str:
    """Return a number with so many decimals.

    >>> number(-0.5, 2), number(12, 0), number(-0.04, 1)
    ('−0.50', '12', '0.0')
    """
    return typeset(f"{value:z.{digits}f}")


def signed(value: float, digits: int) -> str:
    """Return a number with so many decimals and its sign.

    >>> signed(0.25, 2), signed(-1, 1)
    ('+0.25', '−1.0')
    """
    return typeset(f"{value:+z.{digits}f}")


def percent(share: float, digits: int = 0) -> str:
    """Return a share in per cent.

    >>> percent(0.4678), percent(-0.012, 1)
    ('47 %', '−1.2 %')
    """
    return f"{number(100 * share, digits)} %"


def interval(low: float, high: float, digits: int) -> str:
    """Return the ends of an interval.

    >>> interval(-0.01, 0.012, 3)
    '−0.010 to 0.012'
    """
    return f"{number(low, digits)} to {number(high, digits)}"


def estimate(mean: float, low: float, high: float, digits: int, times: float = 1) -> str:
    """Return a mean with the ends of its interval, where it has one.

    >>> estimate(2.0, 1.5, 2.5, 1), estimate(0.812, 0.796, 0.828, 0, 100), estimate(0, 0, 0, 1)
    ('2.0 (1.5 to 2.5)', '81 (80 to 83)', '0.0')
    """
    text = number(times * mean, digits)
    return text if low == high else f"{text} ({interval(times * low, times * high, digits)})"


def sided(low: float, high: float, digits: int = 1) -> str:
    """Return the ends of an interval, an end that is not zero never as zero.

    A reader sees by the ends whether zero is inside.

    >>> sided(-0.031, 2.92), sided(-9.8, -0.0005), sided(0.0, 2.92)
    ('−0.03 to 2.9', '−9.8 to −0.0005', '0.0 to 2.9')
    """

    def end(value: float) -> str:
        plain = round(value, digits) or not value
        return number(value, digits) if plain else figures(value, 1)

    return f"{end(low)} to {end(high)}"


def count(value: float) -> str:
    """Return a whole number in groups of three digits.

    >>> count(18432)
    '18,432'
    """
    return f"{value:,.0f}"


def figures(value: float, most: int = 2) -> str:
    """Return a number in so many digits, never in powers of ten.

    >>> figures(0.0000623), figures(25.0), figures(-0.5, 4)
    ('0.000062', '25', '−0.5')
    """
    return typeset(np.format_float_positional(value, most, fractional=False, trim="-"))


def short(value: float) -> str:
    """Return a number with three digits and a letter for its size.

    >>> short(9485280), short(64), short(23.86), short(3212749824)
    ('9.49 M', '64', '23.9', '3.21 B')
    """
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:.3g}"


def tick(value: float) -> str:
    """Return a number as the label of an axis.

    >>> tick(0.001), tick(-0.5), tick(30_000)
    ('0.001', '−0.5', '30 k')
    """
    return short(value) if value >= 1000 else figures(value, 4)


def millions(value: float) -> str:
    """Return parameters that are counted in millions.

    >>> millions(9.1750403), millions(1500)
    ('9.175 M', '1,500 M')
    """
    return f"{round(value, 3):,g} M"


def lead(
    effect: tuple[float, float, float],
    words: Sequence[str] = WORDS,
    unit: str = " nats",
    digits: int = 3,
    level: float = 0.0,
) -> str:
    """Return a difference and its interval in words, which are for less and for more.

    Where the interval holds zero, two are level if all of it is within `level` to either side.

    >>> lead((-0.0171, -0.0190, -0.0152)), lead((0.0171, 0.0152, 0.0190))
    ('0.017 nats ahead (0.015 to 0.019)', '0.017 nats behind (0.015 to 0.019)')
    >>> lead((0.001, -0.01, 0.012))
    'not told apart (0.001 nats behind, 0.010 ahead to 0.012 behind)'
    >>> lead((0.001, -0.01, 0.012), level=0.02)
    'level (0.001 nats behind, 0.010 ahead to 0.012 behind)'
    """
    less, more = words
    mean, low, high = effect
    word = less if mean < 0 else more
    said = f"{number(abs(mean), digits)}{unit} {word}"
    if low <= 0 <= high:
        ends = " to ".join(f"{number(abs(v), digits)} {w}" for v, w in ((low, less), (high, more)))
        return f"{'level' if max(-low, high) <= level else 'not told apart'} ({said}, {ends})"
    near, far = sorted((abs(low), abs(high)))
    return f"{said} ({interval(near, far, digits)})"


def listed(words: Sequence[str]) -> str:
    """Return words in a row.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
