"""What led to an event: the command or timer behind it and, where it made an offer, between whom was chosen and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from ccroute.commands import AnyCommand
from ccroute.engine.criteria import Turn
from ccroute.engine.explain import AgentVerdict, SetAside, aside_text
from ccroute.engine.ordering import Comparison
from ccroute.events import AnyEvent, OfferMade

__all__ = ["CONTACTS_TOLD_MAX", "AgentCandidate", "Choice", "ContactCandidate", "Decision", "VictimCandidate"]

CONTACTS_TOLD_MAX: Final = 100
"""Most contacts that a choice lists; how many there were is told beside."""

_LED_SHOWN: Final = 5

TIMERS: Final = {
    "offer": "the time of an offer was over",
    "wrap_up": "the time of a wrap-up was over",
    "cooldown": "a cool-down was over",
    "after": "a contact had been in its queue long enough for further agents",
    "overdue": "a contact had been in its queue for too long",
    "park": "a parked contact was to come back",
    "guard": "the time was over in which something was safe from pre-emption",
    "rule": "a rule of a plan, a limit, or the end of the wait for preferred agents fell due",
    "lease": "an agent gave no sign of life for as long as its lease lasts",
    "lost": "an agent that was lost did not come back in time",
    "hours": "a queue opened or closed",
    "callback": "the time to call a customer back was over",
}
"""What a timer means, by the name that causes tell."""

TURNS: Final = {
    Turn.LINE: "in its turn",
    Turn.TOGETHER: "in one step with the first offer of the contact, as its queue asks several agents at once",
    Turn.PREEMPTION: "by pre-emption",
    Turn.PICK: "out of turn, as the agent picked it",
    Turn.ASSIGNMENT: "out of turn, as it was assigned to the agent",
    Turn.DIRECT: "directly, as it was meant for this agent",
    Turn.JOIN: "directly, as the agent was consulted about it and joined",
}
"""How an offer came to be made, in words."""


class AgentCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that was eligible for the contact."""

    agent_id: str
    """The agent."""
    rank: int
    """At which it serves the contact's queue."""
    sets_aside: list[SetAside]
    """What had to give way there, in the order taken; empty where nothing had to."""
    passed_over: bool
    """Whether the agent had to let another contact go first, of the same tier and on a channel that interrupts."""
    lost_by: Comparison | None
    """Why the winner came before it; None for the winner, and where somebody chose the agent."""


class ContactCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """Another contact that could have had the agent; with a pre-emption: one that might have pre-empted as well."""

    contact_id: str
    """The contact."""
    queue_id: str
    """Its queue."""
    passed_over: bool
    """Whether another one had to go first at this agent, of the same tier and on a channel that interrupts."""
    lost_by: Comparison | None
    """Why the winner came before it; None where it came first, but found nobody to pre-empt."""


class VictimCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """An offer or work whose going made room for the contact."""

    contact_id: str
    """The contact whose offer or work it was."""
    agent_id: str
    """The agent."""
    offer_id: str | None
    """The offer; None: work."""
    tier: int
    """Tier of its contact."""
    begun_at_us: int
    """When the offer was made, or the work accepted."""
    lost_by: Comparison | None
    """Why the one that gave way came before it; None for that one."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Between whom an offer was decided, in the moment before anything was done for it.

    ``runner_up`` is the agent that would have come next for the contact, ``next_contact`` the contact that would have
    come next for the agent; None without. ``str()`` gives it as text.
    """

    turn: Turn
    """How the offer came to be made."""
    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    agents: list[AgentCandidate]
    """Agents that were eligible for the contact, in order, those that had to pass it over last. The winner is the
    first, unless somebody chose it or it had no room yet."""
    excluded: list[AgentVerdict]
    """All other agents, in order of creation, with the rules that kept them away."""
    contacts: list[ContactCandidate]
    """Other contacts that the agent was eligible for, in order, those that were passed over last; at most
    ``CONTACTS_TOLD_MAX``. Empty where no other was asked for: somebody chose the agent, or ``turn`` is ``together``."""
    contacts_count: int
    """How many of these there were."""
    victims: list[VictimCandidate]
    """With a pre-emption: everything that could give way, in order; the first one did. Else empty."""

    @property
    def runner_up(self) -> AgentCandidate | None:
        """The agent that would have come next for the contact, None without."""
        return next((one for one in self.agents if one.lost_by is not None and not one.passed_over), None)

    @property
    def next_contact(self) -> ContactCandidate | None:
        """The contact that would have come next for the agent, None without."""
        return next((one for one in self.contacts if one.lost_by is not None and not one.passed_over), None)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.contact_id} was offered to {self.agent_id} {TURNS[self.turn]}"
        if self.turn in (Turn.LINE, Turn.TOGETHER):
            yield from self._of_agents()
        elif self.agents:
            yield f"could have had it: {', '.join(one.agent_id for one in self.agents)}"
        if self.turn is Turn.LINE:
            yield from self._of_contacts()
        yield from self._of_victims()
        if self.excluded:
            yield "no candidates:"
        for verdict in self.excluded:
            why = "; ".join(one.text for one in verdict.obstacles)
            yield f"  {verdict.agent_id}: {why or 'nothing kept it away'}"

    def _of_agents(self) -> Iterator[str]:
        aside = ", ".join(aside_text(one) for one in self.agents[0].sets_aside)
        if aside:
            yield f"  gives way there: {aside}"
        if len(self.agents) == 1:
            yield f"candidates: only {self.agent_id}"
            return
        yield f"candidates: {', '.join(one.agent_id for one in self.agents)}"
        for one in self.agents[1:]:
            yield f"  {self.agent_id} before {one.agent_id} by {_why(one.lost_by)}"

    def _of_contacts(self) -> Iterator[str]:
        if not self.contacts:
            yield f"no other contact could have had {self.agent_id}"
            return
        yield f"other contacts that could have had {self.agent_id}: {self.contacts_count}"
        for one in self.contacts[:_LED_SHOWN]:
            yield f"  {self.contact_id} before {one.contact_id} by {_why(one.lost_by)}"
        if self.contacts_count > _LED_SHOWN:
            yield f"  and {self.contacts_count - _LED_SHOWN} more"

    def _of_victims(self) -> Iterator[str]:
        for at, one in enumerate(self.victims):
            what = f"work on {one.contact_id}" if one.offer_id is None else f"offer {one.offer_id} of {one.contact_id}"
            if at == 0:
                yield f"gave way: {what} with {one.agent_id}, of tier {one.tier}"
            else:
                yield f"  before {what} with {one.agent_id} by {_why(one.lost_by)}"
        behind = [one for one in self.contacts if one.lost_by is not None]
        if self.turn is Turn.PREEMPTION and behind:
            yield f"  {self.contact_id} before {behind[0].contact_id} by {_why(behind[0].lost_by)}"


def _why(comparison: Comparison | None) -> str:
    return "nothing" if comparison is None else f"{comparison.criterion}: {comparison}"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What led to an event. ``str()`` gives it as text."""

    event: AnyEvent
    """The event."""
    call: int
    """Which pair of those given was at hand, from 1; a timer that fired before it is part of its call."""
    command: AnyCommand | None
    """The command that caused it, itself or by a rule; None: a timer did."""
    led_by: list[AnyEvent]
    """What happened before it in the same moment and of the same cause, to its contact or agent, or to those of such
    events; in order."""
    replaced_by: AnyEvent | None
    """For what was taken from a contact in favour of another one: the event by which that one has it. Else None."""
    choice: Choice | None
    """For an ``OfferMade``: between whom was chosen. Else None."""

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        event = self.event
        yield f"event {event.seq}: {_named(event)} at {event.at_us} µs"
        kind, _, name = event.cause.partition(":")
        if self.command is not None and kind == "command":
            by = "" if event.actor is None else f" by {event.actor}"
            yield f"caused by {event.cause}, {self.command.__struct_config__.tag}{by}"
        else:
            yield f"caused by {event.cause}" + (f": {TIMERS[name]}" if kind == "timer" and name in TIMERS else "")
        if self.led_by:
            yield "led to by:"
        for one in self.led_by[-_LED_SHOWN:]:
            yield f"  event {one.seq}: {_named(one)}"
        if self.replaced_by is not None:
            yield f"in its place: event {self.replaced_by.seq}: {_named(self.replaced_by)}"
        if self.choice is not None:
            yield str(self.choice)


def _named(event: AnyEvent) -> str:
    """Return an event's tag and what it is about, as far as it says."""
    about = [
        f"{name.removesuffix('_id')} {value}"
        for name in ("offer_id", "contact_id", "agent_id", "queue_id", "rule", "when", "reason")
        if (value := getattr(event, name, None)) is not None
    ]
    if isinstance(event, OfferMade):
        about.remove(f"queue {event.queue_id}")
    return " ".join([str(event.__struct_config__.tag), *about])
