"""The rule as it was until 28 November 2026, to tell new words from new evidence."""

from __future__ import annotations


def adopted(papers: float) -> tuple[str, str | None]:
    if papers >= 5:
        return "confirmed", None
    return ("contested", "for") if papers >= 3 else ("unsupported", None)


def judged(f: float, a: float, others: bool) -> tuple[str, str | None]:
    """Return the word and the leaning; `others` is whether others than the authors found it."""
    f, a = f + 1e-3, a + 1e-3  # the file has three decimals
    near = 2e-2
    if (f < 2 and a < 2) or (f < 2 and a < 4 * f - near):
        return "unsupported", None
    if a >= 2 and a >= 4 * f - near:
        return "contradicted", None
    if f >= 4 * a - near:
        return ("confirmed" if others else "reported"), None
    return "contested", "for" if f >= 2 * a - near else "against" if a >= 2 * f - near else None
