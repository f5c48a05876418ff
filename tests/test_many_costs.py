"""More different costs than an agent's mask has bits: what is then checked agent by agent decides as the model does."""

from __future__ import annotations

from random import Random

import pytest

from ccroute.commands import (
    AcceptOffer,
    CancelContact,
    Command,
    CompleteContact,
    DeclineOffer,
    EnqueueContact,
    SetPresence,
)
from ccroute.config.structs import Agent, Config, Offer, Queue
from ccroute.types import OfferMode, Presence
from tests.steps import Advance, Duel, Handle, Restore

COSTS = 80
"""Kinds of contact: as many as costs, and the mask has bits for 63."""


def config_of(random: Random) -> Config:
    """Make a floor whose agents have room for several contacts at once."""
    return Config(
        queues={
            "ring": Queue(members="all", offer=Offer(offer_timeout_us=20), cooldown_us=random.choice((0, 15))),
            "auto": Queue(
                members="all", offer=Offer(mode=OfferMode.AUTO), select=random.choice(("idle", "load")).split()
            ),
        },
        agents={
            f"a{at}": Agent(capacity=random.choice((60, 100, 150)), offers_max=random.choice((1, 2))) for at in range(4)
        },
    )


def any_command(random: Random, contacts: list[str], offers: int) -> Command:
    """Make a command that is likely to free or to take some room."""
    contact_id = random.choice(contacts)
    match random.randrange(6):
        case 0 | 1:
            queue_id = random.choice(("ring", "auto"))
            return EnqueueContact(
                contact_id=contact_id,
                queue_id=queue_id,
                channel="chat",
                cost=random.randrange(COSTS),
                tier=random.randrange(2),
            )
        case 2:
            return AcceptOffer(offer_id=f"o{max(1, offers - random.randrange(4))}")
        case 3:
            return DeclineOffer(offer_id=f"o{max(1, offers - random.randrange(4))}")
        case 4:
            return CompleteContact(contact_id=contact_id)
        case _:
            presence = random.choice((Presence.AVAILABLE, Presence.AVAILABLE, Presence.AWAY))
            return SetPresence(agent_id=f"a{random.randrange(4)}", presence=presence)


@pytest.mark.parametrize("seed", range(12))
def test_more_costs_than_bits_decide_as_the_model_does(seed: int) -> None:
    random = Random(seed)
    duel = Duel(config_of(random))
    for cost in range(COSTS):
        for queue_id in ("ring", "auto"):
            first = EnqueueContact(contact_id="first", queue_id=queue_id, channel="chat", cost=cost)
            duel.do(Handle(command=first, at_us=0))
            duel.do(Handle(command=CancelContact(contact_id="first"), at_us=0))
    now_us = 0
    contacts = [f"c{number}" for number in range(10)]
    for _ in range(120):
        now_us += random.choice((0, 0, 1, 5, 20))
        offers = sum(event.__struct_config__.tag == "offer.made" for event in duel.told)
        duel.do(Handle(command=any_command(random, contacts, offers), at_us=now_us))
    duel.do(Restore())
    duel.do(Advance(to_us=now_us + 1_000))
