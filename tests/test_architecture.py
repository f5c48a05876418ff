"""The house stands as planned: imports point down, files and functions stay small, exports are complete."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"

FLOORS = (
    ("examples", "__main__"),
    ("cli",),
    ("bench", "records"),
    ("testing",),
    ("__init__",),
    ("runtime", "sim"),
    ("journal", "history", "customers", "presence", "channels", "calendars"),
    ("storage",),
    ("engine",),
    ("codec", "ports"),
    ("timeline",),
    ("commands", "events"),
    ("config",),
    ("requirement",),
    ("core",),
    ("errors",),
    ("types", "personal"),
)
"""Top to bottom. A module imports only from floors below its own, never from its neighbours on the same floor."""

FLOOR_OF = {name: height for height, names in enumerate(reversed(FLOORS)) for name in names}

FILE_LINES_MAX = {".py": 600, ".pyx": 700}
FUNCTION_LINES_MAX = 60
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}

SIZED_FOLDERS = ("src", "tests", "benchmarks", "examples")
"""Folders whose files and functions have a size limit."""


def files_of(*suffixes: str, folders: tuple[str, ...] = ("src",)) -> list[Path]:
    """Return the files with these suffixes, sorted."""
    return sorted(
        path
        for folder in folders
        for suffix in suffixes
        for path in (ROOT / folder).rglob(f"*{suffix}")
        if "__pycache__" not in path.parts
    )


def imports_not_down(path: Path, text: str) -> list[str]:
    """Return the imports of one file of the package, or of an example, that do not point down, as messages."""
    name = module_name(path)
    own = room_of(name)
    faults = []
    for line, imported in imports_of(path, text):
        room = room_of(imported)
        if room == own:
            continue
        if room not in FLOOR_OF:
            faults.append(f"{path.name}:{line}: {room} stands on no floor")
        elif FLOOR_OF[room] >= FLOOR_OF[own]:
            faults.append(f"{path.name}:{line}: {own} may not import {imported}")
    return faults


def module_name(path: Path) -> str:
    """Return the dotted name of a file: ``ccroute.core.acd``, or ``examples.day``."""
    base = SOURCE if path.is_relative_to(SOURCE) else ROOT
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(parts)


def room_of(module: str) -> str:
    """Return the first part below ``ccroute``, which FLOORS names; the package itself is ``__init__``."""
    parts = module.split(".")
    if parts[0] != "ccroute":
        return parts[0]
    return parts[1] if len(parts) > 1 else "__init__"


def imports_of(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of everything of ccroute that a file imports, wherever in the file."""
    found = _cython_imports(text) if path.suffix in {".pyx", ".pxd"} else _python_imports(text)
    for line, module in found:
        if module == "ccroute" or module.startswith("ccroute."):
            yield line, module


def _python_imports(text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            yield from _from_import(node.lineno, node.module or "", [alias.name for alias in node.names])


def _cython_imports(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if match := re.match(r"\s*from\s+([\w.]+)\s+c?import\s+(.*)", line):
            names = [part.split()[0] for part in match[2].strip("() \\").split(",") if part.split()]
            yield from _from_import(number, match[1], names)
        elif match := re.match(r"\s*c?import\s+(.*)", line):
            for part in match[1].split(","):
                yield number, part.split()[0]


def _from_import(line: int, module: str, names: list[str]) -> Iterator[tuple[int, str]]:
    # `from ccroute import core` means the room, `from ccroute import Engine` the package itself.
    if module != "ccroute":
        yield line, module
        return
    for name in names:
        yield line, f"ccroute.{name}" if name in FLOOR_OF else "ccroute"


def function_lengths(path: Path) -> Iterator[tuple[str, int]]:
    """Yield name and number of lines of every function of a file; in Cython, read from the indentation."""
    text = path.read_text()
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                yield node.name, node.end_lineno - node.lineno + 1
        return
    lines = text.splitlines()
    for start, line in enumerate(lines):
        match = re.match(
            r"(\s*)(?:def|cdef|cpdef)\b(?!\s+(?:class|struct|enum|extern|packed|union)\b).*?(\w+)\s*\(", line
        )
        if match and not line.rstrip().endswith(")"):
            yield match[2], _block_length(lines, start, indent=len(match[1]))


def _block_length(lines: list[str], start: int, *, indent: int) -> int:
    last = start
    in_signature = True
    for number in range(start, len(lines)):
        line = lines[number]
        if in_signature:
            in_signature = not line.split("#")[0].rstrip().endswith(":")
            last = number
        elif line.strip():
            if len(line) - len(line.lstrip()) <= indent:
                break
            last = number
    return last - start + 1


def test_imports_point_down() -> None:
    faults = [
        fault
        for path in files_of(".py", ".pyx", ".pxd", ".pyi", folders=("src", "examples"))
        for fault in imports_not_down(path, path.read_text())
    ]
    assert faults == []


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("src/ccroute/core/acd.pyx", "from ccroute.engine.surface import Engine"),
        ("src/ccroute/core/acd.pyx", "cimport ccroute.sim.loop"),
        ("src/ccroute/commands/work.py", "from ccroute.events import Event"),
        ("src/ccroute/engine/surface.py", "from ccroute import Config"),
        ("src/ccroute/engine/surface.py", "def late():\n    import ccroute.cli.main"),
        ("src/ccroute/types.py", "from ccroute import core"),
        ("src/ccroute/cli/main.py", "from ccroute.nowhere import something"),
    ],
)
def test_an_upward_import_is_found(where: str, line: str) -> None:
    assert len(imports_not_down(ROOT / where, line)) == 1


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("src/ccroute/engine/surface.py", "from ccroute.core.acd import Acd"),
        ("src/ccroute/core/acd.pyx", "from ccroute.core.timers cimport Wheel"),
        ("src/ccroute/cli/main.py", "from ccroute import Engine, records"),
        ("examples/shop.py", "from ccroute import Engine"),
    ],
)
def test_a_downward_import_is_allowed(where: str, line: str) -> None:
    assert imports_not_down(ROOT / where, line) == []


PUBLIC_ROOMS = {"__init__", "channels", "customers", "testing"}
"""What examples import: the package itself, and the rooms that its pages tell people to import from."""


def test_examples_use_only_the_public_api() -> None:
    faults = [
        f"{path.name}:{line}: {module}"
        for path in files_of(".py", folders=("examples",))
        for line, module in imports_of(path, path.read_text())
        if room_of(module) not in PUBLIC_ROOMS
    ]
    assert faults == []


def test_no_file_is_too_long() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in files_of(*FILE_LINES_MAX, folders=SIZED_FOLDERS)
        if (lines := len(path.read_text().splitlines())) > FILE_LINES_MAX[path.suffix]
    }
    assert long == {}


def test_no_function_is_too_long() -> None:
    long = {
        f"{path.relative_to(ROOT)} {name}": lines
        for path in files_of(".py", ".pyx", folders=SIZED_FOLDERS)
        for name, lines in function_lengths(path)
        if lines > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_the_length_of_a_cython_function_is_read_from_its_indentation(tmp_path: Path) -> None:
    kernel = tmp_path / "kernel.pyx"
    kernel.write_text(
        "cdef class Wheel:\n"
        "    cdef int turn(\n"
        "        self, int64_t to\n"
        "    ) except -1 nogil:\n"
        "        cdef int64_t tick\n"
        "\n"
        "        return 0\n"
        "\n"
        "    def size(self) -> int:\n"
        "        return 1\n"
    )
    assert list(function_lengths(kernel)) == [("turn", 6), ("size", 2)]


def test_no_module_has_a_vague_name() -> None:
    assert [str(path) for path in files_of(".py", ".pyx") if VAGUE_NAMES & set(module_name(path).split("."))] == []


def test_every_module_opens_with_a_sentence() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in files_of(".py", folders=SIZED_FOLDERS)
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    silent += [str(path) for path in files_of(".pyx") if not path.read_text().lstrip().startswith('"""')]
    assert silent == []


def test_every_kernel_has_its_stub() -> None:
    assert [str(path) for path in files_of(".pyx") if not path.with_suffix(".pyi").exists()] == []
