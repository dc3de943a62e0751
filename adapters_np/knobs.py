"""Knobs, which a reader can move: the keyword-only arguments of a function, with their ranges."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args, get_origin, get_type_hints

from adapters_np.errors import KnobError


class Range(NamedTuple):
    """The values of a numeric knob, both ends included, and the letter that papers write for it."""

    low: float
    high: float
    step: float = 1
    letter: str = ""


class Absorbed:
    """Marks a knob that the trained arrays make up for, such as a scale: no fit depends on it."""


class Departs(tuple[Any, ...]):
    """The values of a knob at which a method drops or reverses its hypothesis.

    They can be set, and are not what the method is judged by: no best setting has one.
    """

    def __new__(cls, *values: Any) -> Self:
        """Mark these values."""
        return super().__new__(cls, values)


class Knob(NamedTuple):
    """One keyword argument that a reader can move."""

    name: str
    kind: Literal["int", "float", "bool", "choice", "text"]
    default: Any
    low: float = 0
    high: float = 0
    step: float = 0
    options: tuple[Any, ...] = ()
    letter: str = ""
    absorbed: bool = False
    departs: tuple[Any, ...] = ()

    def check(self, value: Any) -> Any:
        """Return `value` in the knob's own type.

        Raises:
            ValueError: when it is not one of the knob's values; it names knob, value and rule.
        """
        if self.kind == "bool" and isinstance(value, bool):
            return value
        if self.kind == "text" and isinstance(value, str):
            return value
        if self.kind == "choice" and any(
            value == o and type(value) is type(o) for o in self.options
        ):
            return value
        if (
            self.kind in ("int", "float")
            and isinstance(value, (int, float))
            and not isinstance(value, bool)
            and self.low <= value <= self.high
        ):
            if self.kind == "float":
                return float(value)
            if value == int(value):
                return int(value)
        raise KnobError(self.name, value, f"is not {self.rule()}")

    def values(self) -> tuple[Any, ...]:
        """Return every value that a control offers, in order.

        >>> Knob("share", "float", 0.5, 0.1, 0.5, 0.2).values()
        (0.1, 0.3, 0.5)
        """
        if self.kind == "bool":
            return (False, True)
        if self.kind == "choice":
            return self.options
        if self.kind == "text":
            return (self.default,)
        count = int((self.high - self.low) / self.step + 1e-9) + 1
        steps = (self.low + i * self.step for i in range(count))
        return tuple(int(v) if self.kind == "int" else round(v, 9) for v in steps)

    def rule(self) -> str:
        """Return the allowed values in words."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "text":
            return "a text"
        if self.kind == "choice":
            return "one of " + ", ".join(map(str, self.options))
        return (
            f"{'a whole' if self.kind == 'int' else 'a'} number from {self.low:g} to {self.high:g}"
        )


def signature_knobs(function: Callable[..., Any]) -> dict[str, Knob]:
    """Return the keyword-only arguments of a function as knobs.

    Raises:
        TypeError: when an argument has no default or no range, or what departs from the hypothesis
            is the default or no value at all, which are mistakes in the signature.
    """
    hints = get_type_hints(function, include_extras=True)
    knobs = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        hint, default = hints[name], parameter.default
        hint, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        ranges = [mark for mark in marks if isinstance(mark, Range)]
        if get_origin(hint) is Literal:
            knob = Knob(name, "choice", default, options=get_args(hint))
        elif hint is bool:
            knob = Knob(name, "bool", default)
        elif ranges:
            kind: Literal["int", "float"] = "int" if hint is int else "float"
            knob = Knob(name, kind, default, *ranges[0][:3], letter=ranges[0].letter)
        else:
            raise TypeError(f"{function.__qualname__}: {name} needs a Range, a Literal or bool")
        if default is inspect.Parameter.empty:
            raise TypeError(f"{function.__qualname__}: {name} needs a default")
        departs = next((tuple(mark) for mark in marks if isinstance(mark, Departs)), ())
        if not set(departs) <= set(knob.values()) - {default}:
            raise TypeError(f"{function.__qualname__}: {name} cannot depart by {departs}")
        knobs[name] = knob._replace(absorbed=Absorbed in marks, departs=departs)
    return knobs
