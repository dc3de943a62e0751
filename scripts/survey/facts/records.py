"""Typed records of YAML and front matter; what is missing, unknown or impossible is an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from scripts.bootstrap import ROOT

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C, where there is one


class CatalogError(Exception):
    """Everything that is wrong, one line each: file, field, reason."""


class Reference(NamedTuple):
    key: str
    where: str


def references(text: Any) -> Any:
    """Return the publications that a `source` field names.

    >>> references("hu2022lora, Tables 2 and 4; liu2024dora")
    (Reference(key='hu2022lora', where='Tables 2 and 4'), Reference(key='liu2024dora', where=''))
    """
    if not isinstance(text, str):
        return text
    parts = (part.partition(",") for part in text.split(";"))
    return tuple(Reference(key.strip(), where.strip()) for key, _, where in parts)


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
References = Annotated[
    tuple[Reference, ...], BeforeValidator(references), Field(min_length=1, alias="source")
]


class Record(BaseModel):
    """A part of a file; a field that is not declared here is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], data: Any, name: object) -> Model:
    """Return a record; errors call the file by `name`.

    Raises:
        CatalogError: when a field is missing, unknown or wrong; a line for each.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise CatalogError("\n".join(_lines(error, name))) from error


def read_yaml(model: type[Model], path: Path) -> Model:
    """Return the record that a file in YAML holds.

    Raises:
        CatalogError: when a field is missing, unknown or wrong; a line for each, with the file's
            place in the project.
    """
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return validated(model, yaml.load(path.read_text("utf-8"), Loader=Loader), name)


def _lines(error: ValidationError, name: object) -> Iterator[str]:
    for e in error.errors():
        field = ".".join(map(str, filter(lambda part: part != "", e["loc"])))  # "": of a union
        places = [str(name), field, e["msg"].removeprefix("Value error, ")]
        yield ": ".join(filter(None, places))


class Loader(LOADER):  # type: ignore[misc, valid-type]
    """Takes YAML, but no key twice, and nothing that contains itself."""

    def get_single_data(self) -> Any:
        """Return the document.

        Raises:
            yaml.YAMLError: when an alias leads to what it stands in.
        """
        data = super().get_single_data()
        try:
            json.dumps(data, default=str, skipkeys=True)
        except ValueError as error:
            raise yaml.YAMLError("an alias (*) stands within what it is an alias of") from error
        return data

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping.

        Raises:
            ValueError: when a key is there twice, with the line of the second.
        """
        names = [key.value for key, _ in node.value]
        for i, (key, _) in enumerate(node.value):
            if key.value in names[:i]:
                line = key.start_mark.line + 2  # from 0, after the opening ---
                raise ValueError(f"line {line}: {key.value!r} is there twice")
        return super().construct_mapping(node, deep)


def front_matter(path: Path) -> tuple[dict[str, Any], str]:
    """Return a page's front matter and its text.

    Raises:
        ValueError: when the front matter is not closed, is no YAML mapping or has a key twice.
    """
    text = path.read_text("utf-8")
    if not text.startswith("---\n"):
        return {}, text
    head, closed, body = text[4:].partition("\n---\n")
    if not closed:
        raise ValueError("the front matter does not end with ---")
    return _fields(head), body


@cache  # by its text: several parts of a check ask for the same, and none changes it
def _fields(head: str) -> dict[str, Any]:
    try:
        data = yaml.load(head, Loader=Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"the front matter is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise ValueError("the front matter is not a mapping")
    return data
