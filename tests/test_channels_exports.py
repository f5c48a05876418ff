"""What ``ccroute.channels`` offers is there, and is loaded only where it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ccroute.channels

pytestmark = pytest.mark.outer


def test_every_name_is_there() -> None:
    for name in ccroute.channels.__all__:
        assert getattr(ccroute.channels, name) is not None
    assert sorted(ccroute.channels.__all__) == sorted(ccroute.channels._LAZY)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="Pigeon"):
        ccroute.channels.Pigeon  # noqa: B018 - that it is not there


def test_readers_of_messengers_load_no_event_loop() -> None:
    program = "import sys; from ccroute.channels import read_telegram, HmacSignature; assert 'anyio' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
