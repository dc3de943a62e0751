"""Failures as data, which the browser shows where they belong."""

from __future__ import annotations

import sys
import traceback

from adapters_np.errors import KnobError


def failure(error: BaseException) -> dict[str, str]:
    """Return what an error says and, of a knob's value that is not possible, its three parts.

    The value is as Python writes it.

    >>> failure(KnobError("rank", 7, "does not divide d_in=64"))["rule"]
    'does not divide d_in=64'
    >>> failure(ZeroDivisionError("division by zero"))
    {'message': 'ZeroDivisionError: division by zero'}
    """
    if isinstance(error, KnobError):
        parts = {"knob": error.knob, "value": repr(error.value), "rule": error.rule}
        return {"message": str(error), **parts}
    if type(error) is ValueError:
        return {"message": str(error)}
    report = traceback.TracebackException(type(error), error, None)
    return {"message": [*report.format_exception_only()][-1].rstrip()}


def latest() -> dict[str, str]:
    """Return the failure of the call from JavaScript that has failed last."""
    error = sys.last_value
    assert error
    return failure(error)
