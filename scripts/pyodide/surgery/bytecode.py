"""Turns Python sources into archives of bytecode. Runs inside Pyodide, which will read them.

Archives are stored, not deflated: the server compresses whole files, which is smaller and faster.
"""

import io
import marshal
import zipfile
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path, PurePosixPath

HOME = "/lib/python314.zip"
"""The archive's place at run time; tracebacks name files by it."""

CODE = "/lib/code.zip"
SITE_PACKAGES = "/lib/python3.14/site-packages"

LIST = "library.txt"
"""A file in the first archive that lists the modules in the second."""

DEAD = ("tests/", "f2py/", "_pyinstaller/", "conftest.py", "numpy/doc/", "__phello__/", "_pyrepl/")
"""Parts of the sources that no reader of the site can use."""

NEWDOCS = ("numpy/_core/_add_newdocs.py", "numpy/_core/_add_newdocs_scalars.py")
"""Modules that do nothing but hang texts on what is compiled: docstrings too, which `compile` does
not see."""

HASH_UNCHECKED = (1).to_bytes(4, "little")


def bytecode(source: bytes, filename: str, optimize: int) -> bytes:
    """Return the contents of a `.pyc` that Python uses without a look at the source (PEP 552)."""
    code = compile(source, filename, "exec", dont_inherit=True, optimize=optimize)
    return MAGIC_NUMBER + HASH_UNCHECKED + source_hash(source) + marshal.dumps(code)


def archive(files: dict[str, bytes]) -> bytes:
    """Return a stored zip with the files in order of their names and a fixed date."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name in sorted(files):
            z.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), files[name])
    return out.getvalue()


def read(path: str) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as z:
        return {name: z.read(name) for name in z.namelist() if not name.endswith("/")}


def compiled(files: dict[str, bytes], home: str, optimize: int = 0) -> dict[str, bytes]:
    """Return the files with every module as bytecode and dead weight left out.

    Docstrings and assertions are kept unless `optimize` is 2.
    """
    out = {}
    for name, data in files.items():
        if any(part in name for part in DEAD):
            continue
        if name.endswith(".py"):
            out[name + "c"] = bytecode(data, f"{home}/{name}", optimize)
        else:
            out[name] = data
    return out


def standard_library(stdlib: str, numpy: str, finder: str) -> tuple[bytes, dict[str, bytes]]:
    """Return the standard library and numpy as one archive, and numpy's compiled modules by name.

    `finder` is the path of the module that Python is to import when it starts.
    """
    wheel = read(numpy)
    modules = {
        name.split(".")[0].replace("/", "."): data
        for name, data in wheel.items()
        if name.endswith(".so") and "lapack_lite" not in name
    }
    sources = {**read(stdlib), **wheel, "sitecustomize.py": Path(finder).read_bytes()}
    sources |= dict.fromkeys(NEWDOCS, b"")
    files = {
        name: data
        for name, data in compiled(sources, HOME, optimize=2).items()
        if name.endswith((".pyc", "METADATA"))
    }
    return archive(files | {LIST: b""}), modules


def split(library: str, modules: list[str]) -> tuple[bytes, bytes]:
    """Return two archives: the modules that are given with a list of the others, and the others."""
    files = read(library)
    first = {name: data for name, data in files.items() if _module(name) in modules}
    rest = {name: files[name] for name in files.keys() - first.keys() - {LIST}}
    names = sorted(_module(name) for name in rest if name.endswith(".pyc"))
    return archive(first | {LIST: "\n".join(names).encode()}), archive(rest)


def _module(name: str) -> str:
    path = PurePosixPath(name).with_suffix("")
    return ".".join(path.parent.parts if path.name == "__init__" else path.parts)


def libraries(path: str) -> list[bytes]:
    return [data for name, data in read(path).items() if name.endswith(".so")]


def wheel(path: str) -> bytes:
    return archive(compiled(read(path), SITE_PACKAGES))


def code(folder: str) -> bytes:
    """Return an archive of the project's own modules, as bytecode and as source for tracebacks.

    Readers call `adapters_np` and can ask for its docstrings; those of `demos` stay in the source.
    """
    root = Path(folder)
    paths = [file for file in root.rglob("*") if file.is_file()]
    files = {str(file.relative_to(root)): file.read_bytes() for file in paths}
    engine = {name: data for name, data in files.items() if name.startswith("demos/")}
    own = compiled(files, CODE) | compiled(engine, CODE, optimize=2)
    return archive(files | own)
