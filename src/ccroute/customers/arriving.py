"""What a contact learns of its customer as it arrives: commands, as pure functions.

A contact is enqueued *parked*, its clock running, until a deadline that the engine itself keeps: whatever becomes of
the directory, or of the process that asks it, the contact waits in line from then on, at the place of its arrival. What
is known in time changes the contact and unparks it. What the host has said in ``EnqueueContact`` stays as it said.

To the engine go a tier, agents' ids, a conversation's id and routing attributes. An attribute that holds a name, an
address or a number of the customer is withheld, whoever gave it.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec
from msgspec import UNSET

from ccroute.commands import (
    CancelContact,
    ChangeContact,
    Command,
    ContactPatch,
    EnqueueContact,
    UnparkContact,
)
from ccroute.engine.missed import MissedCallback
from ccroute.errors import OutOfRange, WrongType
from ccroute.ports import CustomerRecord
from ccroute.types import DURATION_US_MAX, AttributeValue, ChangeOffers, ContactState, ParkClock, PreferWho

__all__ = [
    "LANGUAGE",
    "ArrivalPolicy",
    "Card",
    "Late",
    "change_of",
    "commands_of",
    "erased_callbacks",
    "parked_until",
    "routing_attributes",
    "superseded_callbacks",
]

LANGUAGE: Final = "language"
"""The attribute that a record's language becomes."""

_REACHES: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+|\+[0-9](?:[ ()./-]*[0-9]){6}")
"""What somebody can be reached by, whoever it is: an e-mail address, or a number with its country."""

_NUMBER_LENGTH: Final = 7
"""Digits that are taken for a number where they end one that is known."""

_TELLING_LENGTH: Final = 5
"""A personal text of so many characters is found inside of others, too; a shorter one only as a whole."""


class Late(enum.StrEnum):
    """What becomes of an answer that comes after the deadline."""

    IGNORE = "ignore"
    """Nothing; the question is cancelled at the deadline."""
    PATCH = "patch"
    """The contact is changed, unless it has ended or somebody else has changed it meanwhile."""


class ArrivalPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long contacts wait for what is known of their customers, and what they learn from it."""

    deadline_us: int = 2_000_000
    """How long a contact waits parked for an answer, 0 (it does not) to 90 days."""
    late: Late = Late.IGNORE
    """What becomes of a later answer."""
    late_us: int = 30_000_000
    """How long behind the deadline an answer still counts, with ``Late.PATCH``, 0 to 90 days."""
    prefer: tuple[PreferWho, ...] = (PreferWho.MANAGER, PreferWho.LAST_AGENT)
    """Which agents the contact is kept for, first one first; a queue's own wish is ``(queue.prefer.who,)``. ``given``
    names none: agents in ``EnqueueContact`` stay anyway."""

    def check(self) -> None:
        """Check the fields.

        :raises WrongType: a duration is no integer.
        :raises OutOfRange: a duration is out of range.
        """
        for name in ("deadline_us", "late_us"):
            value = getattr(self, name)
            if type(value) is not int:
                raise WrongType(name, value, "an integer of microseconds")
            if not 0 <= value <= DURATION_US_MAX:
                raise OutOfRange(name, value, f"in 0 … {DURATION_US_MAX}")


class Card(Protocol):
    """What the past tells of a customer; ``ccroute.history`` gives it."""

    @property
    def last_agent_id(self) -> str | None:
        """Who served the customer last."""

    @property
    def open_conversation_id(self) -> str | None:
        """The conversation that goes on."""


def parked_until(command: EnqueueContact, until_us: int) -> EnqueueContact | None:
    """Return a command that lets the contact wait parked, its clock running; None: it does not wait in line anyway.

    A contact that comes in scheduled or parked has time as it is, and somebody else says when it ends.
    """
    if command.parked or command.due_at_us is not None:
        return None
    return msgspec.structs.replace(command, parked=True, clock=ParkClock.RUNS, until_us=until_us)


def commands_of(contact_id: str, patch: ContactPatch, *, unpark: bool, if_version: int | None) -> list[Command]:
    """Return what tells the engine what is known of a contact's customer: at most a change, then the end of waiting.

    :param patch: what becomes different, as :func:`change_of` tells it.
    :param unpark: whether the contact waits for this.
    :param if_version: the change is refused if somebody else has changed the contact since.
    """
    commands: list[Command] = []
    if patch != ContactPatch():
        commands.append(
            ChangeContact(contact_id=contact_id, patch=patch, offers=ChangeOffers.RECHECK, if_version=if_version)
        )
    if unpark:
        commands.append(UnparkContact(contact_id=contact_id))
    return commands


def without(patch: ContactPatch, told: ContactPatch) -> ContactPatch:
    """Return what of a change was not told before."""
    return ContactPatch(
        **{name: value for name in patch.__struct_fields__ if (value := getattr(patch, name)) != getattr(told, name)}
    )


def change_of(
    command: EnqueueContact,
    record: CustomerRecord | None,
    card: Card | None,
    *,
    prefer: Sequence[PreferWho],
    personal: Sequence[str] = (),
) -> ContactPatch:
    """Return what becomes different of a contact by what is known of its customer; nothing set: nothing does.

    :param command: with which the contact was enqueued; what it says itself stays.
    :param prefer: which agents the contact is kept for, first one first.
    :param personal: what must not be told, beside the record's own name and addresses.
    """
    attributes = {**routing_attributes(record, personal)[0], **command.attributes}
    preferred = _preferred(record, card, prefer)
    return ContactPatch(
        tier=UNSET if record is None or record.tier is None or command.tier is not None else record.tier,
        preferred=UNSET if command.preferred or not preferred else preferred,
        conversation_id=(
            UNSET
            if card is None or card.open_conversation_id is None or command.conversation_id is not None
            else card.open_conversation_id
        ),
        attributes=UNSET if len(attributes) == len(command.attributes) else attributes,
    )


def routing_attributes(
    record: CustomerRecord | None, personal: Sequence[str] = ()
) -> tuple[dict[str, AttributeValue], list[str]]:
    """Return the attributes that a record gives a contact, and the names of those that are withheld as personal.

    :param personal: what must not be told, beside the record's own name and addresses.
    """
    if record is None:
        return {}, []
    language: dict[str, AttributeValue] = {} if record.language is None else {LANGUAGE: record.language}
    hidden = [_plain(text) for text in (record.name, record.remarks, *record.addresses, *personal) if text]
    told: dict[str, AttributeValue] = {}
    withheld: list[str] = []
    for name, value in {**language, **record.attributes}.items():
        texts = value if isinstance(value, list) else [str(value)]
        if any(_tells(text, hidden) for text in (name, *texts)):
            withheld.append(name)
        else:
            told[name] = value
    return told, withheld


def superseded_callbacks(missed: Iterable[MissedCallback], customer_ids: Sequence[str]) -> list[CancelContact]:
    """Return what takes back the callbacks that are owed to a customer who has come back under another of its ids.

    The engine itself does so for the id that the contact carries. Callbacks that an agent is at work on stay.

    :param missed: as ``Engine.missed`` tells them.
    """
    left = [one for one in missed if one.parent_id is not None]
    return _taken_back(left, customer_ids, "customer returned")


def erased_callbacks(missed: Iterable[MissedCallback], customer_ids: Sequence[str]) -> list[CancelContact]:
    """Return what takes back all callbacks that are owed to a customer who was erased, whom nobody can call any more.

    Callbacks that an agent is at work on stay.

    :param missed: as ``Engine.missed`` tells them.
    :param customer_ids: ``Erasure.customer_ids``; who was erased has no other ids in the store any more.
    """
    return _taken_back(missed, customer_ids, "customer erased")


def _taken_back(missed: Iterable[MissedCallback], customer_ids: Sequence[str], reason: str) -> list[CancelContact]:
    return [
        CancelContact(contact_id=one.contact_id, reason=reason)
        for one in missed
        if one.customer_id in customer_ids and one.state is not ContactState.ACTIVE
    ]


def _preferred(record: CustomerRecord | None, card: Card | None, prefer: Sequence[PreferWho]) -> list[str]:
    known = {
        PreferWho.MANAGER: None if record is None else record.manager_id,
        PreferWho.LAST_AGENT: None if card is None else card.last_agent_id,
    }
    agents = [known.get(who) for who in prefer]
    return list(dict.fromkeys(agent_id for agent_id in agents if agent_id is not None))


def _tells(text: str, hidden: Sequence[str]) -> bool:
    if _REACHES.search(text) is not None:
        return True
    plain = _plain(text)
    # A number without its country is a part of the one that is known.
    is_part = plain.isdigit() and len(plain) >= _NUMBER_LENGTH
    return any(
        one == plain or (len(one) >= _TELLING_LENGTH and one in plain) or (is_part and one.endswith(plain.lstrip("0")))
        for one in hidden
    )


def _plain(text: str) -> str:
    # What separates the digits of a number or the parts of a name does not make it another one.
    return "".join(letter for letter in text.casefold() if letter.isalnum() or letter == "@")
