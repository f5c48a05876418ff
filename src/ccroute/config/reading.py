"""Configurations from TOML, JSON, dicts and files, and back into JSON."""

from __future__ import annotations

import os
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from ccroute.config.checking import read_table
from ccroute.config.structs import Config
from ccroute.errors import ConfigError, ConfigFault, WrongType, shown

__all__ = ["faults_of_file", "from_dict", "from_file", "from_json", "from_toml", "to_dict", "to_json"]

_NOT_A_NUMBER: Final = Decimal("NaN")
_TOML_LINE: Final = re.compile(r" \(at line ([0-9]+), column [0-9]+\)")
_JSON_BYTE: Final = re.compile(r" \(byte ([0-9]+)\)")


def from_toml(text: str) -> Config:
    """Return the configuration in ``text``.

    :raises ConfigError: with every fault of the text.
    :raises WrongType: ``text`` is no ``str``.
    """
    if type(text) is not str:
        raise WrongType("text", text, "a str")
    return _config(*_toml_table(text))


def from_json(text: str | bytes) -> Config:
    """Return the configuration in ``text``. Of a key that stands twice in an object the last one counts.

    :raises ConfigError: with every fault of the text.
    :raises WrongType: ``text`` is neither ``str`` nor ``bytes``.
    """
    if type(text) is not str and type(text) is not bytes:
        raise WrongType("text", text, "a str or bytes")
    return _config(*_json_table(text))


def from_dict(mapping: dict[str, Any]) -> Config:
    """Return the configuration in ``mapping``, which holds what a JSON object would. Attributes may be ``Decimal``.

    :raises ConfigError: with every fault of the mapping.
    :raises WrongType: ``mapping`` is no ``dict``.
    """
    if type(mapping) is not dict:
        raise WrongType("mapping", mapping, "a dict")
    return _config(mapping, [])


def from_file(path: str | os.PathLike[str]) -> Config:
    """Return the configuration in the file at ``path``, whose name ends in ``.toml`` or ``.json``.

    :raises ConfigError: with every fault of the file, also where it cannot be read at all.
    :raises WrongType: ``path`` is no path.
    """
    return _config(*_file_table(path))


def faults_of_file(path: str | os.PathLike[str]) -> list[ConfigFault]:
    """Return every fault of the file at ``path``; none if it holds a configuration.

    :raises WrongType: ``path`` is no path.
    """
    table, faults = _file_table(path)
    return faults if table is None else read_table(table)[1]


def to_dict(config: Config) -> dict[str, Any]:
    """Return ``config`` as a dict of plain values that ``from_dict`` reads back as an equal configuration.

    All keys are there, with their defaults, so that a later release with other defaults reads the same; of a step of a
    plan only those that are given. Durations are integers of microseconds. ``config`` must have been checked. Equal
    configurations with the same order of entries give equal dicts.

    :raises WrongType: ``config`` is no :class:`Config`.
    """
    if type(config) is not Config:
        raise WrongType("config", config, "a Config")
    plain: dict[str, Any] = msgspec.to_builtins(config, builtin_types=(Decimal,))
    steps = [step for queue in plain["queues"].values() for step in queue["plan"] if "attributes" in step]
    for owner in (*plain["queues"].values(), *plain["agents"].values(), *steps):
        owner["attributes"] = {name: _canonical(value) for name, value in owner["attributes"].items()}
    return plain


def to_json(config: Config) -> bytes:
    """Return ``config`` as JSON that ``from_json`` reads back as an equal configuration; else as ``to_dict``."""
    return _ENCODER.encode(to_dict(config))


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def _canonical(value: object) -> object:
    """Return the one way in which a number is written: 1.50 as 1.5, 2.0 as 2."""
    if type(value) is not Decimal:
        return value
    if value == int(value):
        return int(value)
    text = format(value, "f").rstrip("0")
    return Decimal(text)


def _config(table: dict[Any, Any] | None, faults: list[ConfigFault]) -> Config:
    config = None
    if table is not None:
        config, faults = read_table(table)
    if config is None:
        raise ConfigError(faults)
    return config


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:  # an exponent beyond what Decimal holds; no rule takes a NaN, so the value is told as wrong
        return _NOT_A_NUMBER


def _file_table(path: str | os.PathLike[str]) -> tuple[dict[Any, Any] | None, list[ConfigFault]]:
    try:
        name = os.fspath(path)
    except Exception as error:  # a path of the caller's own may do anything
        raise WrongType("path", path, "a path") from error
    if type(name) is not str:
        raise WrongType("path", path, "a path of text")
    suffix = Path(name).suffix
    if suffix not in (".toml", ".json"):
        return None, [ConfigFault("", f"a configuration is a file .toml or .json, was {shown(name)}")]
    try:
        data = Path(name).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return None, [ConfigFault("", f"the file cannot be read: {error}")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, [ConfigFault("", "the file must be UTF-8", line)]
    return _toml_table(text) if suffix == ".toml" else _json_table(text)


def _toml_table(text: str) -> tuple[dict[Any, Any] | None, list[ConfigFault]]:
    try:
        return tomllib.loads(text, parse_float=_exact), []
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = _TOML_LINE.search(message)
        line = int(found[1]) if found else text.count("\n") + 1
        return None, [ConfigFault("", f"the text must be TOML: {message}", line)]
    except (ValueError, RecursionError) as error:  # a number or a date that cannot be; nesting
        return None, [ConfigFault("", f"the text must be TOML that can be read: {error}")]


def _json_table(text: str | bytes) -> tuple[dict[Any, Any] | None, list[ConfigFault]]:
    try:
        data = text.encode() if isinstance(text, str) else text
        value = msgspec.json.Decoder(float_hook=_exact).decode(data)
    except msgspec.DecodeError as error:
        found = _JSON_BYTE.search(str(error))
        line = data.count(b"\n", 0, int(found[1]) if found else len(data)) + 1
        return None, [ConfigFault("", f"the text must be JSON: {error}", line)]
    except (ValueError, RecursionError) as error:  # not Unicode; nesting
        return None, [ConfigFault("", f"the text must be JSON that can be read: {error}")]
    if type(value) is not dict:
        return None, [ConfigFault("", f"the text must be a JSON object, was {shown(value)}")]
    return value, []
