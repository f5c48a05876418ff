"""What ``import ccroute`` offers: everything that is listed is there, and everything that is a word is listed."""

from __future__ import annotations

import inspect
import subprocess
import sys
import types
from pathlib import Path

import pytest

import ccroute
import ccroute.commands
import ccroute.config
import ccroute.config.structs
import ccroute.errors
import ccroute.events
import ccroute.types

WORD_MODULES = [ccroute.commands, ccroute.errors, ccroute.events, ccroute.types]


def public_classes(module: types.ModuleType) -> set[str]:
    """Return the names of the classes that a module defines for everybody."""
    return {
        name
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and (value.__module__ == module.__name__ or value.__module__.startswith(f"{module.__name__}."))
        and not name.startswith("_")
    }


def test_every_exported_name_exists() -> None:
    missing = [name for name in ccroute.__all__ if not hasattr(ccroute, name)]
    assert missing == []


def test_every_exported_name_is_listed_once() -> None:
    assert len(set(ccroute.__all__)) == len(ccroute.__all__)


@pytest.mark.parametrize("package", ["ccroute", "ccroute.channels", "ccroute.testing"])
def test_names_that_are_loaded_when_they_are_used_are_told_before(package: str) -> None:
    program = f"import {package} as package; assert set(package.__all__) <= set(dir(package))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_every_public_name_of_the_package_is_exported() -> None:
    public = {
        name
        for name, value in vars(ccroute).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"
    }
    assert public - set(ccroute.__all__) == set()


@pytest.mark.parametrize("module", WORD_MODULES, ids=lambda module: module.__name__)
def test_every_word_is_exported(module: types.ModuleType) -> None:
    assert public_classes(module) - set(ccroute.__all__) == set()


def test_every_word_of_the_configuration_is_exported_by_its_package() -> None:
    assert public_classes(ccroute.config.structs) - set(ccroute.config.__all__) == set()


def test_the_package_is_typed() -> None:
    assert (Path(ccroute.__file__).parent / "py.typed").exists()
