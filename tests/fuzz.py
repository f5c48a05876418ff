"""Feeds changed bytes to everything that reads bytes or text: only errors of ccroute may come out.

``python -m tests.fuzz TARGET [--runs N] [--seed S]`` changes a corpus by chance, the same way for the same seed.
"""

from __future__ import annotations

import argparse
import io
import random
from collections.abc import Callable
from typing import Any, Final

from ccroute import CcrouteError, Config, Engine, codec, requirement
from ccroute.cli.run import lines_of, run_lines
from ccroute.config import to_json
from tests.busy_center import CONFIG, LATER_US, NOW_US, WORKING, busy_engine
from tests.choices import REQUIREMENTS
from tests.worlds import SCORES

SNAPSHOT: Final = busy_engine().snapshot()
LINES: Final = [codec.encode_timed(command, NOW_US) for command in (*WORKING, None)]
TEXTS: Final = [text.encode() for text in (*REQUIREMENTS, *SCORES)]
PIECES: Final = (
    b"",
    b"\x00",
    b"\xff",
    b'"',
    b"{",
    b"]",
    b"\\ud800",
    b"-1",
    b"9" * 400,
    b"1e999",
    b"NaN",
    b"\xf4\x90\x80\x80",
)
DEPTH: Final = 1_500
RUNS: Final = 20_000


def fuzz_codec(data: bytes) -> None:
    """Read a command, an event and a line; what is read can be written, and read again as it was."""
    for read, write in ((codec.decode_command, codec.encode_command), (codec.decode_event, codec.encode_event)):
        value = _read(read, data)
        if value is not None:
            assert read(write(value)) == value
    line = _read(codec.decode_timed, data)
    if line is not None:
        assert codec.decode_timed(codec.encode_timed(*line)) == line


def fuzz_requirement(data: bytes) -> None:
    """Read a requirement and a score; what is read prints as a text that says the same."""
    text = data.decode("utf-8", "surrogateescape")
    for parse in (requirement.parse, requirement.parse_score):
        value = _read(parse, text)
        if value is not None:
            assert parse(requirement.print_expression(value.expression)).expression == value.expression


def fuzz_run(data: bytes) -> None:
    """Feed lines to an engine as ``ccroute run`` does; it can be restored afterwards."""
    engine = Engine.restore(SNAPSHOT)
    run_lines(lines_of(io.BytesIO(data)), engine, lambda told: None, allow_jump=True, flush_each=False)
    assert Engine.restore(engine.snapshot()).snapshot() == engine.snapshot()
    engine.close()


def fuzz_config(data: bytes) -> None:
    """Read a configuration as JSON and as TOML; what is read can be written, and makes an engine."""
    for read in (Config.from_json, lambda text: Config.from_toml(text.decode("utf-8", "replace"))):
        config = _read(read, data)
        if config is not None:
            assert Config.from_json(to_json(config)) == config
            if config.engine.contacts_max <= CONFIG.engine.contacts_max:
                Engine(config).close()


def fuzz_snapshot(data: bytes) -> None:
    """Restore a snapshot; what is restored goes on."""
    engine = _read(Engine.restore, data)
    if engine is not None:
        engine.advance(LATER_US, allow_jump=True)


TARGETS: Final[dict[str, tuple[Callable[[bytes], None], list[bytes]]]] = {
    "codec": (fuzz_codec, LINES),
    "requirement": (fuzz_requirement, TEXTS),
    "run": (fuzz_run, [b"\n".join(LINES)]),
    "config": (fuzz_config, [to_json(CONFIG), b'[queues.x]\nwrap_up = "1m30s"\n[agents.a.queues]\nx = 1\n']),
    "snapshot": (fuzz_snapshot, [SNAPSHOT]),
}
"""What is fuzzed, and what the changes begin with."""


def _read(call: Callable[[Any], Any], data: Any) -> Any:
    try:
        return call(data)
    except CcrouteError as error:
        str(error).encode()
        return None


def changed(data: bytes, dice: random.Random) -> bytes:
    """Return bytes with a few changes: bits flipped, pieces cut out, doubled, put in, or taken from elsewhere."""
    for _ in range(1 + dice.randrange(3)):
        begin = dice.randrange(len(data) + 1)
        end = min(len(data), begin + dice.choice((0, 1, 1, 2, 8, 64)))
        piece = data[begin:end]
        match dice.randrange(5):
            case 0:
                new = bytes(byte ^ 1 << dice.randrange(8) for byte in piece)
            case 1:
                new = piece * dice.choice((0, 2, 3))
            case 2:
                new = dice.choice(PIECES)
            case 3:
                other = dice.randrange(len(data) + 1)
                new = data[other : other + 16]
            case _:
                new = b"[" * dice.choice((1, DEPTH)) + piece
        data = data[:begin] + new + data[end:]
    return data


def run(name: str, runs: int, seed: int) -> None:
    """Feed a target so many changes; say which one it did not bear."""
    target, corpus = TARGETS[name]
    for number in range(runs):
        dice = random.Random(f"{seed}/{number}")
        data = changed(dice.choice(corpus), dice)
        try:
            target(data)
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}, run {number}: {data[:2_000]!r}") from error


def main() -> None:
    """Fuzz the target that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=[*TARGETS, "all"])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in TARGETS if options.target == "all" else [options.target]:
        run(name, options.runs, options.seed)
        print(f"{name}: {options.runs} runs, seed {options.seed}")


if __name__ == "__main__":
    main()
