"""Hypothesis strategies for those who test what they build on ccroute: configurations, commands, whole lives, events.

Needs hypothesis, which the extra ``testing`` brings. What is drawn shrinks to fewer queues, agents and commands.
:func:`lives` is driven by an engine: it draws commands that somebody would send in that situation, so that most of them
do something, and a few come too late or make no sense, as in life.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Final, TypeVar, final

import msgspec

from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    AssignContact,
    CancelContact,
    ChangeChannel,
    ChangeContact,
    Command,
    CompleteContact,
    ConsultAgent,
    ContactPatch,
    DeclineOffer,
    EndWrapUp,
    EnqueueContact,
    ExpediteContact,
    Heartbeat,
    HoldContact,
    OpenQueue,
    ParkContact,
    PauseQueue,
    PickContact,
    RequeueContact,
    ResumeContact,
    SetExternalLoad,
    SetPresence,
    TransferContact,
    UnparkContact,
)
from ccroute.config import Agent, AgentQueue, Config, Limits, Offer, PlanStep, Queue, Skill
from ccroute.engine.engine import Engine
from ccroute.errors import ExtraMissing
from ccroute.events import (
    ContactAbandoned,
    ContactActive,
    ContactCancelled,
    ContactClosed,
    ContactExpired,
    Event,
    LegEnded,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRescinded,
    WrapUpStarted,
)
from ccroute.ports import Delivery
from ccroute.timeline import AnyAddition, Message, Note, Recording, SurveyAnswer
from ccroute.types import ID_LENGTH_MAX, Ignorable, OfferMode, Preempt, Presence, Victim

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import DrawFn, SearchStrategy
except ModuleNotFoundError as error:
    raise ExtraMissing("testing", "strategies") from error

__all__ = [
    "Life",
    "additions",
    "command_sequences",
    "commands",
    "configs",
    "deliveries",
    "event_histories",
    "events",
    "ids",
    "lives",
]

_T = TypeVar("_T")

COMMANDS: Final = 30
"""How many commands a life has at most, unless told otherwise."""
BEGINS_US: Final = 1_700_000_000_000_000
"""When lives begin."""

_SECOND: Final = 1_000_000
_SKILLS: Final = ("billing", "english", "loans")
_CHANNELS: Final = ("voice", "chat", "email", "callback")
_QUEUES: Final = ("support", "loans", "night")
_AGENTS: Final = ("maxim", "dorit", "ada", "ivan", "chen")
_CUSTOMERS: Final = ("ann", "bob", "eve")


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """Some time in a contact centre."""

    config: Config
    """Its configuration."""
    commands: list[tuple[Command, int]]
    """What was sent, and when; times never go back."""
    events: list[Event]
    """What that caused, in order, without gaps."""


def ids() -> SearchStrategy[str]:
    """Return ids of all lengths and scripts: 1 to 128 characters, none of them a control character."""
    letters = st.characters(exclude_categories=["Cc", "Cs"])
    return st.text(letters, min_size=1, max_size=ID_LENGTH_MAX)


@st.composite
def configs(draw: DrawFn, *, queues_max: int = 3, agents_max: int = 5) -> Config:
    """Return configurations without faults, in which most agents serve some queue.

    :param queues_max: how many queues at most, 1 to 3.
    :param agents_max: how many agents at most, 0 to 5.
    """
    queue_ids = _QUEUES[: 1 + draw(_below(queues_max))]
    agent_ids = _AGENTS[: draw(_below(agents_max + 1))]
    return Config(
        skills={skill: Skill() for skill in _SKILLS},
        queues={queue_id: _queue(draw, queue_ids[:number]) for number, queue_id in enumerate(queue_ids)},
        agents={agent_id: _agent(draw, queue_ids) for agent_id in agent_ids},
    )


_REQUIREMENT: Final = st.sampled_from(
    [f"agent.skills.{skill} >= {least}" for skill in _SKILLS for least in (1, 30, 60)]
)
_REQUIREMENTS: Final = st.one_of(
    _REQUIREMENT,
    st.builds("{} || {}".format, _REQUIREMENT, _REQUIREMENT),
    st.builds("{} && {}".format, _REQUIREMENT, _REQUIREMENT),
)


def _queue(draw: DrawFn, earlier: Sequence[str]) -> Queue:
    mode = _pick(draw, (OfferMode.RING, OfferMode.AUTO, OfferMode.BROADCAST, OfferMode.MANUAL))
    plan = [PlanStep(after=(1 + draw(_below(60))) * _SECOND, tier=draw(_below(4)))]
    # To an earlier queue only, so that no overflow comes back.
    plan += [PlanStep(after=90 * _SECOND, queue=earlier[-1])] if earlier else []
    return Queue(
        requires=draw(_REQUIREMENTS) if draw(_below(4)) == 3 else None,
        members=_pick(draw, ("listed", "all")),
        select=_pick(draw, _SELECTS),
        offer=Offer(
            mode=mode,
            offer_timeout_us=(1 + draw(_below(30))) * _SECOND,
            k=2 + draw(_below(2)) if mode is OfferMode.BROADCAST else 1,
        ),
        wrap_up_us=_pick(draw, _WRAP_UPS),
        cooldown_us=draw(_below(61)) * _SECOND,
        ageing=_pick(draw, (1_000, 0, 2_000, -1_000)),
        tier=draw(_below(3)),
        overdue_after_us=_pick(draw, (None, 45 * _SECOND)),
        preempt=_pick(draw, list(Preempt)),
        victim=_pick(draw, list(Victim)),
        plan=plan if draw(_below(2)) else [],
        limits=Limits(length=_pick(draw, (None, 4, 2, 1))),
    )


_WRAP_UPS: Final[Sequence[int | str]] = (0, 5 * _SECOND, "unlimited")
_SELECTS: Final[Sequence[str | list[str]]] = ("longest_idle", ["load", "idle"], ["skill_sum", "idle"], ["handled desc"])


def _agent(draw: DrawFn, queue_ids: Sequence[str]) -> Agent:
    served = [one for one in queue_ids if draw(_below(4)) < 3]
    levels = {skill: draw(_below(101)) for skill in _SKILLS}
    return Agent(
        skills={skill: level for skill, level in levels.items() if level},
        queues={
            one: AgentQueue(rank=1 + draw(_below(3)), after_us=_pick(draw, (0, 0, 10 * _SECOND))) for one in served
        },
        capacity=_pick(draw, (100, 60, 200)),
        offers_max=1 + draw(_below(2)),
        lease_us=_pick(draw, (None, 120 * _SECOND)),
    )


@st.composite
def commands(draw: DrawFn, config: Config) -> Command:
    """Return commands that an engine of a configuration takes without raising, each by itself.

    They name queues, channels and agents of the configuration; contacts and offers need not be there.
    """
    return _anything(draw, config)


# Commands are drawn by hand from small integers, not by ``builds``, which would look at every struct anew each time.


@functools.cache
def _below(count: int) -> SearchStrategy[int]:
    return st.integers(0, count - 1)


def _pick(draw: DrawFn, choices: Sequence[_T]) -> _T:
    return choices[draw(_below(len(choices)))]


def _anything(draw: DrawFn, config: Config) -> Command:
    contact_id = f"c{1 + draw(_below(9))}"
    kinds: list[Callable[[], Command]] = [
        lambda: _arrival(draw, config, contact_id),
        lambda: _of_contact(draw, config, contact_id),
        lambda: _of_offer(draw, f"o{1 + draw(_below(20))}"),
    ]
    if config.agents:
        kinds.append(lambda: _of_leg(draw, config, contact_id, _pick(draw, list(config.agents))))
        kinds.append(lambda: _of_agent(draw, config))
    if config.queues:
        kinds.append(lambda: _of_queue(draw, config))
    return _pick(draw, kinds)()


def _arrival(draw: DrawFn, config: Config, contact_id: str) -> Command:
    requires = None
    if draw(_below(4)) == 3 and set(_SKILLS) <= set(config.skills):
        requires = draw(_REQUIREMENTS)
    return EnqueueContact(
        contact_id=contact_id,
        queue_id=_pick(draw, list(config.queues)) if config.queues else None,
        channel=_pick(draw, _CHANNELS),
        customer_id=_pick(draw, (None, *_CUSTOMERS)),
        tier=_pick(draw, (None, 0, 1, 3, -1)),
        head_start_us=_pick(draw, (None, 0, 60 * _SECOND)),
        requires=requires,
        parked=not config.queues or draw(_below(8)) == 7,
    )


def _of_contact(draw: DrawFn, config: Config, contact_id: str) -> Command:
    match draw(_below(7)):
        case 0:
            return AbandonContact(contact_id=contact_id)
        case 1:
            some = bool(config.agents) and draw(_below(2)) == 1
            excluded = [_pick(draw, list(config.agents))] if some else []
            return ChangeContact(contact_id=contact_id, patch=ContactPatch(tier=draw(_below(4)), excluded=excluded))
        case 2:
            return ParkContact(contact_id=contact_id)
        case 3:
            return UnparkContact(contact_id=contact_id)
        case 4:
            return ExpediteContact(contact_id=contact_id)
        case 5:
            return ChangeChannel(contact_id=contact_id, channel=_pick(draw, _CHANNELS))
        case _:
            return CancelContact(contact_id=contact_id, reason=_pick(draw, (None, "duplicate")))


def _of_offer(draw: DrawFn, offer_id: str) -> Command:
    if draw(_below(3)) == 2:
        return DeclineOffer(offer_id=offer_id, reason=_pick(draw, (None, "busy")))
    return AcceptOffer(offer_id=offer_id)


def _of_leg(draw: DrawFn, config: Config, contact_id: str, agent_id: str) -> Command:
    match draw(_below(9 if config.queues else 7)):
        case 0:
            return CompleteContact(contact_id=contact_id, agent_id=agent_id, disposition=_pick(draw, (None, "solved")))
        case 1:
            return HoldContact(contact_id=contact_id, agent_id=agent_id)
        case 2:
            return ResumeContact(contact_id=contact_id, agent_id=agent_id)
        case 3:
            return RequeueContact(contact_id=contact_id, agent_id=agent_id)
        case 4:
            return EndWrapUp(contact_id=contact_id, agent_id=agent_id)
        case 5:
            return PickContact(contact_id=contact_id, agent_id=agent_id)
        case 6:
            ignoring = list(Ignorable) if draw(_below(2)) else []
            return AssignContact(contact_id=contact_id, agent_id=agent_id, ignoring=ignoring)
        case 7:
            return TransferContact(contact_id=contact_id, agent_id=agent_id, to_queue=_pick(draw, list(config.queues)))
        case _:
            return ConsultAgent(contact_id=contact_id, agent_id=agent_id, to_queue=_pick(draw, list(config.queues)))


def _of_agent(draw: DrawFn, config: Config) -> Command:
    agent_id = _pick(draw, list(config.agents))
    match draw(_below(6)):
        case 4:
            return Heartbeat(agent_id=agent_id)
        case 5:
            return SetExternalLoad(agent_id=agent_id, channel=_pick(draw, _CHANNELS), units=draw(_below(101)))
        case way:
            presence = (Presence.AVAILABLE, Presence.AVAILABLE, Presence.AWAY, Presence.OFFLINE)[way]
            return SetPresence(
                agent_id=agent_id, presence=presence, label=_pick(draw, (None, "lunch")), next_=draw(_below(4)) == 3
            )


def _of_queue(draw: DrawFn, config: Config) -> Command:
    queue_id = _pick(draw, list(config.queues))
    return PauseQueue(queue_id=queue_id) if draw(_below(3)) == 2 else OpenQueue(queue_id=queue_id)


@st.composite
def lives(draw: DrawFn, config: Config | None = None, *, commands_max: int = COMMANDS) -> Life:
    """Return lives of a contact centre: commands that make sense one after the other, and what they caused.

    :param config: its configuration; None: any that :func:`configs` draws.
    :param commands_max: how many commands at most.
    """
    whole = draw(configs()) if config is None else config
    engine = Engine(whole)
    floor, sent, at_us = _Floor(), list[tuple[Command, int]](), BEGINS_US
    told: list[Event] = []
    try:
        for agent_id in whole.agents:
            sent.append((SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE), at_us))
        for number in range(len(sent) + 1 + draw(_below(commands_max))):
            if number < len(sent):
                command = sent[number][0]
            else:
                at_us += _pick(draw, _GAPS)
                command = _next(draw, whole, floor)
                sent.append((command, at_us))
            caused = engine.handle(command, at_us)
            floor.see(caused)
            told += caused
    finally:
        engine.close()
    return Life(config=whole, commands=sent, events=told)


_GAPS: Final = (_SECOND, 0, 1, 5 * _SECOND, 20 * _SECOND, 100 * _SECOND)


@final
class _Floor:
    """What goes on: contacts inside, offers that stand, legs, wrap-ups; each in the order in which it began."""

    def __init__(self) -> None:
        self.arrivals = 0
        self.contacts: dict[str, None] = {}
        self.offers: dict[str, None] = {}
        self.legs: dict[tuple[str, str], None] = {}
        self.wrap_ups: dict[tuple[str, str], None] = {}

    def see(self, events: Sequence[Event]) -> None:
        """Take note of what happened."""
        for event in events:
            match event:
                case OfferMade():
                    self.offers[event.offer_id] = None
                case OfferAccepted() | OfferDeclined() | OfferExpired() | OfferRescinded():
                    self.offers.pop(event.offer_id, None)
                case ContactActive():
                    self.legs[event.contact_id, event.agent_id] = None
                case WrapUpStarted():
                    self.wrap_ups[event.contact_id, event.agent_id] = None
                case LegEnded():
                    self.legs.pop((event.contact_id, event.agent_id), None)
                    self.wrap_ups.pop((event.contact_id, event.agent_id), None)
                case ContactClosed() | ContactAbandoned() | ContactCancelled() | ContactExpired():
                    self.contacts.pop(event.contact_id, None)
                case _:
                    continue


def _next(draw: DrawFn, config: Config, floor: _Floor) -> Command:
    kinds = ["arrival", "arrival"]
    kinds += ["offer"] * 4 if floor.offers else []
    kinds += ["leg"] * 3 if floor.legs else []
    kinds += ["wrap-up"] if floor.wrap_ups else []
    kinds += ["contact"] if floor.contacts else []
    kinds += ["agent"] if config.agents else []
    kinds += ["anything"]
    match _pick(draw, kinds):
        case "arrival":
            floor.arrivals += 1
            contact_id = f"c{floor.arrivals}"
            floor.contacts[contact_id] = None
            return _arrival(draw, config, contact_id)
        case "offer":
            return _of_offer(draw, _pick(draw, list(floor.offers)))
        case "leg":
            return _of_leg(draw, config, *_pick(draw, list(floor.legs)))
        case "wrap-up":
            contact_id, agent_id = _pick(draw, list(floor.wrap_ups))
            return EndWrapUp(contact_id=contact_id, agent_id=agent_id)
        case "contact":
            return _of_contact(draw, config, _pick(draw, list(floor.contacts)))
        case "agent":
            return _of_agent(draw, config)
        case _:
            return _anything(draw, config)


def command_sequences(
    config: Config | None = None, *, commands_max: int = COMMANDS
) -> SearchStrategy[list[tuple[Command, int]]]:
    """Return commands with their times, in order, that make sense one after the other; see :func:`lives`."""
    return lives(config, commands_max=commands_max).map(lambda life: life.commands)


def event_histories(config: Config | None = None, *, commands_max: int = COMMANDS) -> SearchStrategy[list[Event]]:
    """Return the events of whole lives: from seq 1, in order, without gaps. There may be none."""
    return lives(config, commands_max=commands_max).map(lambda life: life.events)


def events(config: Config | None = None) -> SearchStrategy[Event]:
    """Return single events of all kinds that lives bring about."""
    return event_histories(config).filter(bool).flatmap(st.sampled_from)


@st.composite
def deliveries(draw: DrawFn, *, engine: str = "engine") -> Delivery:
    """Return what a router hands to a channel: single events of contacts, under their keys.

    :param engine: name of the engine, with which keys begin.
    """
    event = draw(events().filter(lambda one: hasattr(one, "contact_id")))
    key = event.offer_id if isinstance(event, OfferMade) else event.seq
    return Delivery(key=f"{engine}:{key}", event=event, attempt=draw(st.integers(1, 5)))


@st.composite
def additions(
    draw: DrawFn, *, contact_ids: Sequence[str] = ("c1", "c2"), customer_ids: Sequence[str] = _CUSTOMERS
) -> AnyAddition:
    """Return messages, notes, recordings and answers of contacts and customers, with ids of their own.

    :param contact_ids: the contacts that they may belong to.
    :param customer_ids: the customers whose they may be.
    """
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
    entry_id = f"entry-{draw(st.uuids())}"
    at_us = BEGINS_US + draw(st.integers(0, 86_400)) * _SECOND
    contact_id = draw(st.sampled_from(contact_ids))
    customer_id = draw(st.none() | st.sampled_from(customer_ids))
    kind = draw(st.sampled_from((Message, Note, Recording, SurveyAnswer)))
    made: AnyAddition
    if kind is Message:
        made = Message(entry_id=entry_id, at_us=at_us, body=draw(texts), from_customer=draw(st.booleans()))
    elif kind is Note:
        made = Note(entry_id=entry_id, at_us=at_us, body=draw(texts), agent_id=draw(st.sampled_from(_AGENTS)))
    elif kind is Recording:
        made = Recording(entry_id=entry_id, at_us=at_us, reference="s3://1.ogg", length_us=draw(_below(10**9)))
    else:
        made = SurveyAnswer(entry_id=entry_id, at_us=at_us, question="happy?", answer=draw(texts))
    return msgspec.structs.replace(made, contact_id=contact_id, customer_id=customer_id)
