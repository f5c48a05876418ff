"""The channel keeps every promise that ccroute relies on."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path

import anyio
import pytest
from carrier_pigeon import CarrierPigeon, Loft, make

from ccroute import UnknownName
from ccroute.testing import Visitor, check_channel


class Sky:
    """The outside, as the suite plays it: it sends pigeons, and looks at what others took away."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> CarrierPigeon:
        """Return a channel of this loft."""
        return CarrierPigeon(Loft(self.folder), every_s=0.001)

    async def come(self, visitor: Visitor) -> None:
        """Send a pigeon."""
        letter = self.folder / "in" / f"{visitor.visitor_id}.letter"
        ready = letter.with_suffix(".ready")
        ready.write_text(f"{visitor.text}\n{visitor.name}, {visitor.phone}")
        ready.rename(letter)

    async def reached(self) -> Sequence[str]:
        """Return the keys under which pigeons have flown."""
        return [key for key, _ in Loft(self.folder).sent()]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_channel_keeps_its_promises(tmp_path: Path, backend: str) -> None:
    sky = Sky(tmp_path)

    async def main() -> None:
        await check_channel(sky.make, outside=sky, settle_s=0.02)

    anyio.run(main, backend=backend)


def test_a_line_that_a_crash_cut_off_was_not_sent(tmp_path: Path) -> None:
    loft = Loft(tmp_path)
    loft.send("c1", "e:1", "hello")
    with (tmp_path / "out" / "c1.answers").open("a") as file:
        file.write('["e:2", "hal')
    assert loft.sent() == [("e:1", "hello")]
    loft.send("c1", "e:2", "hallo")
    assert loft.sent() == [("e:1", "hello"), ("e:2", "hallo")]


def test_ccroute_finds_it() -> None:
    (entry,) = entry_points(group="ccroute.channels", name="carrier-pigeon")
    assert entry.load() is make


def test_options_are_checked(tmp_path: Path) -> None:
    assert isinstance(make("carrier-pigeon", {"loft": tmp_path, "every_s": 2}), CarrierPigeon)
    with pytest.raises(UnknownName, match="options must be one of loft, queue_id, every_s, was 'colour'"):
        make("carrier-pigeon", {"colour": "white"})
