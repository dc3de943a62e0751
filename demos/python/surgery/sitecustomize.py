"""Tells Python in the browser where modules lie; it imports this file by its name when it starts.

The standard library and numpy share one archive. Compiled modules lie in a folder of their own, and
rarely used ones in a second archive that is fetched at the first read. A list of these keeps that
from happening for a module that does not exist at all.
"""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType
from zipimport import zipimporter

CODE = "/lib/code.zip"
COMPILED = "/lib/compiled"
LIBRARY = "/lib/library.zip"
STANDARD = "/lib/python314.zip"


class Finder:
    """Finds what Python has not found by itself."""

    compiled = frozenset(name.removesuffix(".wasm") for name in os.listdir(COMPILED))
    library = frozenset(zipimporter(STANDARD).get_data("library.txt").decode().split())

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module lies, or nothing."""
        if name in cls.compiled:
            file = f"{COMPILED}/{name}.wasm"
            return spec_from_file_location(name, file, loader=ExtensionFileLoader(name, file))
        if name in cls.library:
            return zipimporter("/".join([LIBRARY, *name.split(".")[:-1]])).find_spec(name)
        return None


sys.meta_path.append(Finder)
sys.path.append(CODE)
