"""A transfer to a queue that keeps the contact for one agent of it, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute import Engine
from ccroute.commands import AcceptOffer, CompleteContact, EnqueueContact, TransferContact
from ccroute.config import Agent, Config, Prefer, Queue
from ccroute.errors import OutOfRange, UnknownName
from ccroute.types import KeepsPlace, OnUnanswered, PreferredScope, TransferMode
from tests.examples import RING, available, said

CENTRE = Config(
    queues={"q": Queue(offer=RING), "r": Queue(offer=RING, prefer=Prefer(wait_us=30), cooldown_us=5)},
    agents={
        "giver": Agent(queues={"q": 1}),
        "one": Agent(queues={"q": 9, "r": 1}),
        "two": Agent(queues={"r": 1}),
        "three": Agent(),
    },
)


class Floor:
    """An engine on which ``giver`` has a contact in hand, and ``one`` another; it goes on as its own snapshot."""

    def __init__(self) -> None:
        self.engine = Engine(CENTRE)
        for command in (
            available("giver"),
            EnqueueContact(contact_id="c", queue_id="q", channel="voice", preferred=["two"], preferred_wait_us=0),
            AcceptOffer(offer_id="o1"),
            available("one"),
            EnqueueContact(contact_id="w", queue_id="r", channel="voice"),
            AcceptOffer(offer_id="o2"),
            available("two"),
            available("three"),
        ):
            self.do(command, 0)

    def do(self, command: Any, at_us: int) -> list[str]:
        """Carry out a command and return in short what it gave."""
        events = self.engine.handle(command, at_us)
        self.engine = Engine.restore(self.engine.snapshot())
        return said(events)

    def advance(self, to_us: int) -> list[str]:
        """Let time pass and return in short what it gave."""
        return said(self.engine.advance(to_us))


def transfer(**fields: Any) -> TransferContact:
    """Return the transfer of the contact to queue ``r``, kept for ``one``."""
    given: dict[str, Any] = {"to_queue": "r", "to_agent": "one"} | fields
    return TransferContact(contact_id="c", agent_id="giver", **given)


def test_it_is_kept_for_a_busy_agent_and_then_for_all() -> None:
    floor = Floor()
    assert floor.do(transfer(), 100) == [
        "contact.transferred c giver to r to one",
        "leg.ended c giver transferred",
        "contact.queued c",
    ]
    explanation = floor.engine.explain("c")
    assert explanation is not None
    assert (explanation.queue_id, explanation.kept_for, explanation.kept_until_us) == ("r", ["one"], 130)
    assert floor.advance(130) == ["contact.preferred_ended c waited", "offer.made c two"]


def test_the_agent_gets_it_as_soon_as_it_is_free() -> None:
    floor = Floor()
    floor.do(transfer(on_unanswered=OnUnanswered.RETURN, keeps_place=KeepsPlace.NONE), 100)
    assert floor.do(CompleteContact(contact_id="w"), 110) == [
        "leg.ended w one completed",
        "contact.closed w",
        "offer.made c one",
    ]
    # Nobody answers: it stays in its queue, and goes neither back to the giver nor before its time to anybody.
    assert floor.advance(120) == [
        "offer.expired c one",
        "agent.presence_changed one away",
        "contact.preferred_ended c nobody_online",
        "offer.made c two",
    ]


@pytest.mark.parametrize(
    ("fields", "kept_until_us"),
    [({"preferred_wait_us": 7}, 107), ({"preferred_scope": PreferredScope.MEMBERS, "preferred_requires": False}, 130)],
)
def test_it_may_say_how_long_and_how_strictly(fields: dict[str, Any], kept_until_us: int) -> None:
    floor = Floor()
    floor.do(transfer(**fields), 100)
    assert floor.engine.explain("c").kept_until_us == kept_until_us  # type: ignore[union-attr]


def test_with_no_time_to_wait_it_goes_to_anyone() -> None:
    assert Floor().do(transfer(preferred_wait_us=0), 100) == [
        "contact.transferred c giver to r to one",
        "leg.ended c giver transferred",
        "contact.queued c",
        "offer.made c two",
    ]


def test_an_agent_who_does_not_serve_the_queue_has_it_with_scope_anyone() -> None:
    told = Floor().do(transfer(to_agent="three", preferred_scope=PreferredScope.ANYONE), 100)
    assert told == [
        "contact.transferred c giver to r to three",
        "leg.ended c giver transferred",
        "contact.queued c",
        "offer.made c three",
    ]
    floor = Floor()
    assert floor.do(transfer(to_agent="three"), 100)[-1] == "contact.queued c"
    assert floor.engine.explain("c").kept_for == ["three"]  # type: ignore[union-attr]


def test_the_giver_may_keep_it_for_itself() -> None:
    floor = Floor()
    assert floor.do(transfer(to_agent="giver", preferred_scope=PreferredScope.ANYONE), 100) == [
        "contact.transferred c giver to r to giver",
        "leg.ended c giver transferred",
        "contact.queued c",
    ]
    assert floor.advance(105) == ["offer.made c giver"]


def test_warm_it_seeks_anyone_of_the_queue() -> None:
    floor = Floor()
    assert floor.do(transfer(mode=TransferMode.WARM), 100) == [
        "contact.transferred c giver warm to r to one",
        "offer.made c two",
    ]
    (known,) = floor.engine.contacts(queue_id="r", limit=1)
    assert (known.contact_id, known.seeker_id, known.direct_to_id) == ("c", "giver", None)


def test_an_agent_that_is_not_known_is_refused() -> None:
    assert Floor().do(transfer(to_agent="ghost"), 100) == ["command.refused c giver unknown_agent"]
    with pytest.raises(UnknownName):
        Floor().do(transfer(to_queue="nowhere"), 100)


@pytest.mark.parametrize(
    ("field", "value"),
    [("preferred_wait_us", 0), ("preferred_scope", PreferredScope.ANYONE), ("preferred_requires", True)],
)
@pytest.mark.parametrize("missing", ["to_queue", "to_agent"])
def test_how_it_is_kept_is_said_only_with_a_queue_and_an_agent(missing: str, field: str, value: object) -> None:
    floor = Floor()
    before = floor.engine.snapshot()
    with pytest.raises(OutOfRange) as caught:
        floor.do(transfer(**{missing: None, field: value}), 100)
    assert (caught.value.argument, caught.value.allowed) == (field, "None unless to_queue and to_agent are given")
    assert floor.engine.snapshot() == before
