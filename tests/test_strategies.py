"""What strategies draw, the package takes: configurations without faults, commands that do not raise, histories."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import find, given, settings

from ccroute import CommandRefused, Config, Delivery, Engine, Event, ExtraMissing, MemoryHistory
from ccroute.codec import decode_command, decode_event, encode_command, encode_event
from ccroute.commands import Command
from ccroute.config import check, id_allowed
from ccroute.testing import strategies
from ccroute.testing.strategies import Life
from ccroute.timeline import AnyAddition, Message, Note, Recording, SurveyAnswer

pytestmark = pytest.mark.outer

CENTER = Config.from_toml("[queues.support]\n[agents.maxim]\nqueues = { support = 1 }")


@given(strategies.ids())
def test_ids_are_allowed(id_: str) -> None:
    assert id_allowed(id_) is None or id_allowed(id_) is True


@given(strategies.configs())
def test_configurations_have_no_faults(config: Config) -> None:
    assert check(config) == []
    Engine(config).close()


@given(strategies.configs(queues_max=1, agents_max=0))
def test_configurations_are_as_small_as_asked(config: Config) -> None:
    assert (len(config.queues), len(config.agents)) == (1, 0)


@given(strategies.commands(CENTER))
def test_commands_are_taken(command: Command) -> None:
    engine = Engine(CENTER)
    engine.handle(command, 1)
    engine.close()
    assert decode_command(encode_command(command)) == command


@given(strategies.commands(Config()))
def test_commands_are_taken_where_there_is_nothing(command: Command) -> None:
    engine = Engine(Config())
    engine.handle(command, 1)
    engine.close()


@given(strategies.lives())
def test_a_life_can_be_lived_again(life: Life) -> None:
    engine = Engine(life.config)
    events = [event for command, at_us in life.commands for event in engine.handle(command, at_us)]
    engine.close()
    assert events == life.events
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


@settings(max_examples=30)
@given(strategies.event_histories())
def test_a_history_takes_the_events_of_a_life(events: list[Event]) -> None:
    history = MemoryHistory()
    assert history.write(events) == len(events)
    history.close()


@given(strategies.command_sequences(CENTER, commands_max=5))
def test_sequences_are_as_short_as_asked(commands: list[tuple[Command, int]]) -> None:
    assert 2 <= len(commands) <= 6
    times = [at_us for _, at_us in commands]
    assert times == sorted(times)


@given(strategies.events())
def test_events_can_be_encoded(event: Event) -> None:
    assert decode_event(encode_event(event)) == event


@given(strategies.deliveries(engine="north"))
def test_deliveries_have_the_keys_of_their_events(delivery: Delivery) -> None:
    own = getattr(delivery.event, "offer_id", None) if type(delivery.event).__name__ == "OfferMade" else None
    assert delivery.key == f"north:{own or delivery.event.seq}"


@given(strategies.additions())
def test_additions_are_taken(addition: AnyAddition) -> None:
    history = MemoryHistory()
    assert history.add(addition) == 1
    history.close()


@pytest.mark.parametrize("kind", [Message, Note, Recording, SurveyAnswer])
def test_additions_are_of_all_kinds(kind: type[AnyAddition]) -> None:
    assert type(find(strategies.additions(), lambda one: type(one) is kind)) is kind


@pytest.mark.slow
def test_most_of_a_life_happens() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=100, derandomize=True, database=None)
    @given(strategies.lives())
    def live(life: Life) -> None:
        seen.update(type(event).__name__ for event in life.events)

    live()
    refused = seen[CommandRefused.__name__] / seen.total()
    assert refused < 0.5, seen
    for kind in (
        "OfferAccepted",
        "OfferDeclined",
        "OfferExpired",
        "ContactActive",
        "ContactClosed",
        "WrapUpStarted",
        "ContactTransferred",
        "ContactHeld",
        "ContactParked",
        "RuleFired",
        "ContactOverdue",
        "QueuePaused",
    ):
        assert seen[kind] > 0, seen


def test_a_missing_hypothesis_is_told() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.modules['hypothesis'] = None\n"
            "from ccroute import ExtraMissing\n"
            "import ccroute.testing\n"
            "try:\n    ccroute.testing.strategies\n"
            "except ExtraMissing as error:\n    print(error)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "strategies need the extra testing: pip install 'ccroute[testing]'\n"
    assert issubclass(ExtraMissing, ImportError)
