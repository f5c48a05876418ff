"""The demonstration's contact centre: who works there, and which customers come when, saying what. All from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ccroute import CustomerRecord
from desk.passwords import new_password
from desk.people import Role, User

__all__ = ["ADA", "DEMO_CONFIG", "SIMULATED_AGENTS", "Caller", "Topic", "callers", "demo_users", "record_of"]

DEMO_CONFIG: Final = Path(__file__).parent / "demo.toml"
"""The configuration."""
SIMULATED_AGENTS: Final = ("ines", "yuki", "tomas", "amara")
"""Agents that nobody signs in as."""
ADA: Final = CustomerRecord(
    name="Ada Lovelace", tier=1, language="en", remarks="Customer since 1843. Goes first everywhere."
)
"""What is known of the customer who has an account."""

_US: Final = 1_000_000
_GAP_S: Final = 9.0
_FIRST_S: Final = 1.0
_REGULARS: Final = 48
_PEOPLE: Final = (
    ("maxim", "Maxim", Role.AGENT, "maxim"),
    ("dorit", "Dorit", Role.AGENT, "dorit"),
    ("lena", "Lena", Role.SUPERVISOR, "lena"),
    ("root", "Root", Role.ADMIN, None),
    ("ada", "Ada Lovelace", Role.CUSTOMER, None),
)


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """Something that customers come for."""

    queue_id: str
    """The queue."""
    share: int
    """How often, beside the others."""
    lines: tuple[str, ...]
    """What they say, one after each answer."""
    answers: tuple[str, ...]
    """What agents say."""
    disposition: str
    """What comes of it."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A customer who comes."""

    number: int
    """Counts from 0."""
    after_us: int
    """How long after the one before."""
    customer: int
    """Which of the regulars, from 0."""
    name: str
    """What the customer is called."""
    topic: Topic
    """What it is about."""
    think_us: tuple[int, ...]
    """How long the customer thinks before each line but the first."""
    patience_us: int
    """How long the customer waits for an agent."""


TOPICS: Final = (
    Topic(
        queue_id="support",
        share=6,
        lines=(
            "Hello, my parcel says delivered, but it is not here.",
            "The number is A-4711.",
            "No, the neighbours do not have it either.",
            "Thank you, that helps!",
        ),
        answers=(
            "Hello! Could you tell me the order number, please?",
            "Thank you. Did you ask next door?",
            "Then I am sending a new one today, at no cost.",
            "You are welcome. Have a nice day!",
        ),
        disposition="new parcel",
    ),
    Topic(
        queue_id="support",
        share=4,
        lines=(
            "Hi, I cannot sign in any more.",
            "It says that the link has expired.",
            "That works, thanks a lot!",
        ),
        answers=(
            "Hello! What does it say when you try?",
            "I have sent you a new link, please try that one.",
            "Glad to hear it. Goodbye!",
        ),
        disposition="solved",
    ),
    Topic(
        queue_id="billing",
        share=4,
        lines=(
            "Good morning, I was charged twice this month.",
            "Invoice 2026-118, 24.90 both times.",
            "How long will it take?",
            "Fine, thank you.",
        ),
        answers=(
            "Good morning! Which invoice is it about?",
            "I see it, the second one was a mistake. I am paying it back.",
            "Three working days, with a confirmation by mail.",
            "Sorry for the trouble, and goodbye.",
        ),
        disposition="refunded",
    ),
    Topic(
        queue_id="vip",
        share=1,
        lines=(
            "Hello, could you move our delivery to Friday?",
            "Before ten, please.",
            "Perfect, thank you.",
        ),
        answers=(
            "Of course. At what time would suit you?",
            "It is changed: Friday, between eight and ten.",
            "With pleasure. Goodbye!",
        ),
        disposition="solved",
    ),
)
_FIRST_NAMES: Final = (
    *("Aino", "Bela", "Chloe", "Diego", "Emre", "Farah", "Goran", "Hana", "Igor", "Jana", "Kofi", "Lucia"),
    *("Mikhail", "Nadia", "Oscar", "Priya", "Quentin", "Rosa", "Sami", "Tara", "Ugo", "Vera", "Wei", "Zofia"),
)
_LAST_NAMES: Final = ("Berg", "Costa", "Dubois", "Ito", "Kowalski", "Larsen", "Moreau", "Novak", "Okafor", "Petrov")


def demo_users() -> list[tuple[User, str]]:
    """Return the users of the demonstration, each with a password that nobody has chosen."""
    return [
        (User(name=name, shown_name=shown_name, role=role, agent_id=agent_id), new_password())
        for name, shown_name, role, agent_id in _PEOPLE
    ]


def callers(seed: int) -> Iterator[Caller]:
    """Yield customers, without end; the same ones for the same seed."""
    chance = random.Random(seed)
    names = _names(random.Random(seed))
    shares = [one.share for one in TOPICS]
    number = 0
    while True:
        topic = chance.choices(TOPICS, shares)[0]
        customer = chance.randrange(_REGULARS)
        gap_s = _FIRST_S if number == 0 else chance.expovariate(1 / _GAP_S)
        yield Caller(
            number=number,
            after_us=int(gap_s * _US),
            customer=customer,
            name=names[customer],
            topic=topic,
            think_us=tuple(int(chance.uniform(3, 9) * _US) for _ in topic.lines[1:]),
            patience_us=int(chance.uniform(60, 240) * _US),
        )
        number += 1


def record_of(caller: Caller) -> CustomerRecord:
    """Return what is known of a customer who comes."""
    return CustomerRecord(name=caller.name, tier=1 if caller.topic.queue_id == "vip" else None)


def _names(chance: random.Random) -> Sequence[str]:
    whole = [f"{first} {last}" for first in _FIRST_NAMES for last in _LAST_NAMES]
    return chance.sample(whole, _REGULARS)
