"""The command ``ccroute`` as tests run it: in this process, with all that it writes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ccroute.cli.main import main

Run = Callable[..., tuple[int, str, str]]
"""Runs the command with some words, which may be of any type, and returns exit status, output and errors."""


def runner(capture: pytest.CaptureFixture[bytes], *first: str) -> Run:
    """Return what runs the command with ``first`` before its other words."""

    def run(*words: object) -> tuple[int, str, str]:
        capture.readouterr()
        status = main([*first, *(str(word) for word in words)])
        out, error = capture.readouterr()
        return status, out.decode(), error.decode()

    return run
