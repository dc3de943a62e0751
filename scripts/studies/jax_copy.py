"""A second copy of `adapters_np` that computes with JAX, so that the files on the pages train.

Importing this module makes `adapters_jax` importable. No file is copied or changed: each module is
read from `adapters_np`, and while it is read `numpy` becomes `jax.numpy` (a name that JAX lacks
stays numpy's), `adapters_np` becomes `adapters_jax`, and `a[i] = v`, which JAX's arrays refuse,
becomes `a = a.at[i].set(v)`. So `jax.jit` and `jax.grad` go through `delta` and `forward` as they
stand on the page.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, spec_from_file_location
from types import CodeType, ModuleType
from typing import Any

import jax
import numpy

from adapters_np.core import Adapter

COPIES = {"adapters_np": "adapters_jax"}
"""The package that is read again, and its name then."""

ARRAYS = "_jax_else_numpy"


class _Arrays(ModuleType):
    def __getattr__(self, name: str) -> Any:
        return getattr(jax.numpy, name) if hasattr(jax.numpy, name) else getattr(numpy, name)


def _renamed(name: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        if name == old or name.startswith(f"{old}."):
            return new + name[len(old) :]
    return name


class _Functional(ast.NodeTransformer):
    def visit_Import(self, node: ast.Import) -> ast.Import:
        for alias in node.names:
            if alias.name == "numpy":
                alias.name, alias.asname = ARRAYS, alias.asname or "numpy"
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        node.module = _renamed(node.module or "", COPIES)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        if len(node.targets) > 1:
            return node
        (target,) = node.targets
        if isinstance(target, ast.Tuple) and any(isinstance(t, ast.Subscript) for t in target.elts):
            names = [f"_value{i}" for i in range(len(target.elts))]
            stored: list[ast.expr] = [ast.Name(name, ast.Store()) for name in names]
            apart = [
                self._changed(part, ast.Name(name, ast.Load()))
                for part, name in zip(target.elts, names, strict=True)
            ]
            return [ast.Assign([ast.Tuple(stored, ast.Store())], node.value), *apart]
        return self._changed(target, node.value)

    def _changed(self, target: ast.expr, value: ast.expr) -> ast.stmt:
        """Return `target = value`, or for a part of an array what leaves the old array alone."""
        if not (isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name)):
            return ast.Assign([target], value)
        array = target.value.id
        whole = ast.Attribute(ast.Name(array, ast.Load()), "at", ast.Load())
        part = ast.Subscript(whole, target.slice, ast.Load())
        new = ast.Call(ast.Attribute(part, "set", ast.Load()), [value], [])
        return ast.Assign([ast.Name(array, ast.Store())], new)


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:  # never the original's cached bytecode
        tree = _Functional().visit(ast.parse(self.get_data(self.path), self.path))
        return compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        # A constant of a module is single, whoever reads the module first; it is promoted in use.
        with jax.enable_x64(False):
            super().exec_module(module)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        name = _renamed(fullname, {copy: original for original, copy in COPIES.items()})
        found = find_spec(name) if name != fullname else None
        if found is None or found.origin is None:
            return None
        return spec_from_file_location(
            fullname,
            found.origin,
            loader=_Loader(fullname, found.origin),
            submodule_search_locations=found.submodule_search_locations,
        )


sys.modules[ARRAYS] = _Arrays(ARRAYS)
sys.meta_path.insert(0, _Finder())


def jax_copy(adapter: Adapter) -> Any:
    """Return the same adapter, of the class's copy that computes with JAX."""
    cls = type(adapter)
    copy = import_module(_renamed(cls.__module__, COPIES))
    values = {f.name: getattr(adapter, f.name) for f in fields(adapter)}
    return getattr(copy, cls.__name__)(**values)


@contextmanager
def held_norms() -> Iterator[None]:
    """Let DoRA's norms count as constants in derivatives that are traced meanwhile.

    So its paper proposes, and so PEFT trains it. The value of the function is the same.
    """
    module: Any = import_module(f"{COPIES['adapters_np']}.methods.dora")
    norms = module.row_norms
    module.row_norms = lambda V: jax.lax.stop_gradient(norms(V))
    try:
        yield
    finally:
        module.row_norms = norms
