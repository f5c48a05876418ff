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


@pytest.mark.parametrize("missing", ["anyio", "msgspec"])
def test_a_missing_extra_is_named(missing: str) -> None:
    program = (
        "import sys; import ccroute.channels; from ccroute.errors import ExtraMissing; "
        f"sys.modules[{missing!r}] = None\n"
        "try: ccroute.channels.WebChat\n"
        "except ExtraMissing as error: print(error.extra)\n"
        "except ImportError as error: print(error.name)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == {"anyio": "webchat", "msgspec": "msgspec"}[missing]
