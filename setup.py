"""Builds the compiled kernels: one extension for every ``.pyx`` under ``src/ccroute``.

``CCROUTE_BUILD`` chooses how. Directives and flags of all three ways stand here and nowhere else.

- ``release`` (default): fast, unchecked; what a wheel holds.
- ``debug``: bounds, uninitialised views, signed overflow and assertions are checked; warnings of gcc are errors.
- ``asan``: AddressSanitizer and UndefinedBehaviorSanitizer, assertions on.
- ``none``: no kernels; for who links a source tree that has them, as pip would build every one of them again.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from Cython import __version__ as cython_version
from Cython.Build import cythonize
from Cython.Compiler import Options
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

Options.warning_errors = True
JOBS = os.cpu_count() or 1

# True in every mode, so that the three builds mean the same: division truncates as in C, for example.
DIRECTIVES_OF_ALL: dict[str, bool | int] = {
    "language_level": 3,
    "auto_pickle": False,
    "autotestdict": False,
    "binding": True,
    "cdivision": True,
    "embedsignature": True,
    "overflowcheck": False,
    "show_performance_hints": False,
    "wraparound": False,
}


@dataclass(frozen=True, kw_only=True)
class Mode:
    """One way to build."""

    checks: dict[str, bool]
    macros: list[tuple[str, str | None]]
    compile_args: list[str]
    link_args: list[str]


# Cython leaves functions and variables unused in what it generates; everything else that -Wall tells is ours.
UNUSED = ["-Wno-unused-function", "-Wno-unused-variable", "-Wno-unused-but-set-variable"]
WARNINGS = ["-Wall", "-Werror", *UNUSED]
# gcc finds signed overflow, not Cython's `overflowcheck`: that one refuses __int128 and hashes that wrap on purpose,
# and cannot raise from a `noexcept` function. Python compiles with -fwrapv, under which nothing would be seen.
OVERFLOW = ["-fsanitize=signed-integer-overflow", "-fno-sanitize-recover=signed-integer-overflow"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]

MODES = {
    "release": Mode(
        checks={"boundscheck": False, "initializedcheck": False},
        macros=[("CYTHON_WITHOUT_ASSERTIONS", None), ("NDEBUG", "1")],
        compile_args=["-O3", "-g0", *UNUSED],
        link_args=[],
    ),
    "debug": Mode(
        checks={"boundscheck": True, "initializedcheck": True},
        macros=[],
        compile_args=["-O1", "-g", "-UNDEBUG", *WARNINGS, "-fno-wrapv", *OVERFLOW],
        link_args=OVERFLOW,
    ),
    "asan": Mode(
        checks={"boundscheck": False, "initializedcheck": False},
        macros=[],
        compile_args=["-O1", "-g", "-UNDEBUG", "-fno-omit-frame-pointer", "-fno-wrapv", *SANITIZERS],
        link_args=SANITIZERS,
    ),
}


def chosen_mode() -> tuple[str, Mode]:
    """Return the mode that ``CCROUTE_BUILD`` names."""
    name = os.environ.get("CCROUTE_BUILD", "release")
    if name not in MODES:
        raise SystemExit(f"CCROUTE_BUILD must be one of {', '.join(MODES)}, none, was {name!r}")
    return name, MODES[name]


def kernels(mode: Mode) -> list[Extension]:
    """Return one extension for each ``.pyx``, in the order of their paths."""
    return [
        Extension(
            ".".join(path.relative_to("src").with_suffix("").parts),
            [str(path)],
            define_macros=mode.macros,
            extra_compile_args=mode.compile_args,
            extra_link_args=mode.link_args,
            depends=["setup.py"],  # Flags are not compared: a change of this file builds everything anew.
        )
        for path in sorted(Path("src/ccroute").rglob("*.pyx"))
    ]


class BuildKernels(build_ext):
    """Runs Cython when building starts, not when this file is read, so that an sdist gets no generated C."""

    def build_extensions(self) -> None:
        name, mode = chosen_mode()
        directives = {**DIRECTIVES_OF_ALL, **mode.checks}
        # A changed directive does not make Cython run again; another directory does.
        fingerprint = zlib.crc32(repr((cython_version, sorted(directives.items()))).encode())
        generated = cythonize(
            self.extensions,
            build_dir=f"build/cython-{name}-{fingerprint:08x}",
            compiler_directives=directives,
            emit_linenums=name != "release",
            include_path=["src"],
            nthreads=JOBS if len(self.extensions) > 1 else 0,
            quiet=True,
        )
        sources = {extension.name: extension.sources for extension in generated}
        for extension in self.extensions:
            extension.sources = sources[extension.name]
        super().build_extensions()


if __name__ == "__main__":
    setup(
        ext_modules=[] if os.environ.get("CCROUTE_BUILD") == "none" else kernels(chosen_mode()[1]),
        cmdclass={"build_ext": BuildKernels},
        options={"build_ext": {"parallel": JOBS}},
    )
