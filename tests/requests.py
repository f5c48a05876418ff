"""Well-formed commands, made by chance: most can be carried out in the model's present state, some are stale or wrong.

Which kinds come, and how often, follows from what is there (offers, legs, contacts that wait or are parked) and from
the features of the world.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Final

from msgspec import structs

from ccroute import commands
from ccroute.commands import Command, ContactPatch
from ccroute.types import (
    AssignAs,
    ChangeOffers,
    ContactState,
    Ignorable,
    KeepsPlace,
    LegState,
    OnUnanswered,
    ParkClock,
    PendingOffers,
    Presence,
    TransferMode,
)
from tests.choices import CHANNELS, SOME_AGENTS, Chooser, pick, some
from tests.edits import CONFIGURATION_COMMANDS, Edits
from tests.model import Model
from tests.model.state import Contact, Leg
from tests.plans import Plans
from tests.worlds import PREEMPTS, World

LIVE: Final = (ContactState.QUEUED, ContactState.ACTIVE, ContactState.PARKED, ContactState.SCHEDULED)
WORKING: Final = (LegState.ACTIVE, LegState.HELD, LegState.SUSPENDED)

NOT_IN_PASSING: Final = (commands.SetPresence, *CONFIGURATION_COMMANDS)

Maker = Callable[[], Command]


class Requests(Chooser):
    """What the host of a world may ask now."""

    def __init__(self, random: Random, world: World, model: Model, *, configures: bool = True) -> None:
        super().__init__(random, world.features)
        self.world = world
        self.model = model
        self.configures = configures
        """Commands of configuration are among what is asked."""
        self.shared: dict[str, Any] = {}
        self.legs: list[Leg] = [leg for agent in model.agents.values() for leg in agent.legs]
        self.working = [leg for leg in self.legs if leg.state in WORKING]
        self.live: list[Contact] = [contact for contact in model.contacts if contact.state in LIVE]
        self.waiting = [contact for contact in self.live if contact.state == ContactState.QUEUED]
        self.parked = [one for one in self.live if one.state in (ContactState.PARKED, ContactState.SCHEDULED)]
        config = model.config
        staying = [id_ for id_, queue in config.queues.items() if not queue.draining]
        self.plans = Plans(random, world.features, staying, list(config.agents))

    def command(self) -> Command:
        """Make a command."""
        actor = None if self.random.randrange(3) else self._pick("boss", *self.model.agents)
        command_id = f"k{self.random.randrange(8)}" if self._one_in(8) else None
        self.shared = {"actor": actor, "command_id": command_id}
        makers = [maker for maker, times in self._makers() for _ in range(times)]
        command: Command = pick(self.random, makers)()
        return command

    def _makers(self) -> list[tuple[Maker, int]]:
        """Return what makes commands, each with its weight."""
        offline = sum(agent.presence == Presence.OFFLINE for agent in self.model.agents.values())
        busy = self.world.is_busy
        makers: list[tuple[Maker, int]] = [
            (self._enqueue, (20 if busy else 6) if len(self.waiting) < 8 else 2),
            (self._set_presence, (6 * bool(offline) + 1) if busy else 3 + 2 * offline),
            (self._any_other, 1 if busy else 2),
            (self._answer, (24 if busy else 14) * any(agent.offers for agent in self.model.agents.values())),
            (self._work, (10 if busy else 8) * bool(self.legs)),
            (self._end, bool(self.model.contacts)),
        ]
        at_work, waits = bool(self.working), bool(self.waiting)
        for feature, maker, times in (
            ("load", self._load, 2),
            ("pick", self._pick_contact, 4 * waits),
            ("assign", self._assign, 4 * waits),
            ("requeue", self._requeue, 2 * at_work),
            ("connect_failed", self._connect_failed, 2 * at_work),
            ("warm", self._transfer, 3 * at_work),
            ("direct", self._transfer, 3 * at_work),
            ("consult", self._consult, 4 * at_work),
            ("conference", self._join, 4 * at_work),
            ("conference", self._leave, 3 * any(len(contact.legs) > 1 for contact in self.live)),
            ("park", self._park, 2 * bool(self.live)),
            ("park", self._unpark, 3 * bool(self.parked)),
            ("change", self._change, 5 * bool(self.live)),
            ("channel", self._change_channel, 4 * bool(self.live)),
            ("expedite", self._expedite, 3 * bool(self.live)),
            ("scheduled", self._unpark, bool(self.parked)),
            ("callbacks", self._abandon, 2 * waits),
            ("callbacks", self._connect_failed, 2 * at_work),
            ("lease", self._heartbeat, 5),
            ("live_configuration", self._configure, 3 * self.configures),
            ("no_queue", self._give_queue, 4 * any(contact.queue is None for contact in self.live)),
            ("no_queue", self._unpark, bool(self.parked)),
            ("parked_in", self._unpark, bool(self.parked)),
            ("kept_transfer", self._transfer, 4 * at_work),
        ):
            if feature in self.features:
                makers.append((maker, times))
        return makers

    # ---- names

    def _agent_key(self, id_: str) -> str | int:
        if self._one_in(20):
            return str(self._pick("ghost", *self.model.agents))
        return self.model.agents[id_].seq if self._one_in(8) else id_

    def _contact_key(self, contact: Contact) -> str | int:
        if self._one_in(15):
            return str(self._pick(*self.world.contact_ids, "ghost"))
        if self._one_in(30):
            return 1 + self.random.randrange(max(1, self.model.contacts_made))
        return contact.seq if self._one_in(6) else contact.id

    def _queue_id(self) -> str:
        return str(self._pick(*self.model.config.queues))

    def _taker(self) -> str:
        """Return an agent, rather one that takes contacts now."""
        free = [agent.id for agent in self.model.agents.values() if agent.presence == Presence.AVAILABLE]
        offered = [agent.id for agent in self.model.agents.values() if agent.offers]
        if offered and self._one_in(3):
            return str(self._pick(*offered))
        return str(self._pick(*(free if free and self.random.randrange(6) else self.model.agents)))

    def _leg_named(self, legs: list[Leg]) -> dict[str, Any]:
        """Name contact and agent of a leg, rarely another agent."""
        leg: Leg = pick(self.random, legs)
        agent_id = self._pick(*self.model.agents) if self._one_in(10) else leg.agent.id
        return {"contact_id": self._contact_key(leg.contact), "agent_id": self._agent_key(agent_id)}

    def _target(self, *, agents: bool) -> dict[str, Any]:
        """Name the queue or the agent that a contact goes to."""
        if agents and self.random.randrange(5) < 3:
            return {"to_agent": self._agent_key(self._taker())}
        return {"to_queue": self._queue_id()}

    def _cooldown(self, many: int = 2) -> dict[str, Any]:
        """Return a cool-down of the command's own, or none."""
        if not self._has("cooldowns") or self.random.randrange(many):
            return {}
        if self._one_in(4):
            return {"cooldown_until_us": max(0, self.model.now + self._pick(3, 0, -1, 20))}
        return {"cooldown": self._pick(0, 3, 20, "next_available", "for_ever")}

    # ---- contacts

    def _enqueue(self) -> Command:
        inside = [contact.id for contact in self.model.contacts if contact.over_at is None]
        free = [id_ for id_ in self.world.contact_ids if id_ not in inside]
        if not free and self.random.randrange(8):
            return self._end()
        contact_id = str(self._pick(*(self.world.contact_ids if not free or self._one_in(8) else free)))
        if self._has("consult") and self._one_in(20):
            contact_id += "#1"
        has_queue = not self._has("no_queue") or bool(self.random.randrange(3))
        is_parked = not has_queue or (self._has("park") and self._one_in(5))
        is_parked = is_parked or (self._has("parked_in") and self._one_in(3))
        in_time = self._wishes_in_time()
        if is_parked and self._has("parked_in"):
            in_time |= self._parking(in_time.get("due_at_us"), ends=has_queue)
        tiers = (0, None, 1, 2, 3, -1) if self._has(*PREEMPTS) else (None, None, None, None, None, 0, 1, 2, -1)
        return commands.EnqueueContact(
            contact_id=contact_id,
            queue_id=self._queue_id() if has_queue else None,
            channel=self._pick(*self.channels),
            customer_id=self._pick("anna", "ben") if self._one_in(2 if self._has("callbacks") else 4) else None,
            conversation_id="talk" if self._one_in(6) else None,
            parent_id=self._parent() if self._one_in(6) else None,
            requires=self._requirement() if self._one_in(9 if self.world.is_busy else 3) else None,
            tier=self._pick(*tiers),
            head_start_us=self._head_start(),
            excluded=some(self.random, SOME_AGENTS) if self._one_in(5) else [],
            scores=self._scores(),
            attributes=self._attributes(),
            cost=self._pick(None, None, None, None, None, None, 0, 20, 50, 101),
            parked=is_parked,
            **in_time,
            **self.shared,
        )

    def _parent(self) -> str:
        """Return the id of a contact, rather one that was there."""
        return str(self._pick("c0", "ghost", *(contact.id for contact in self.model.contacts[-6:])))

    def _wishes_in_time(self) -> dict[str, Any]:
        """Return what a contact asks of the course of time."""
        wishes: dict[str, Any] = {}
        if self._has("own_plans") and self.random.randrange(2):
            wishes["plan"] = self.plans.plan()
        if self._has("limits") and self._one_in(4):
            wishes["limits"] = self.plans.limits()
        if self._has("preferred") and self.random.randrange(3):
            wishes["preferred"] = self._preferred()
            for name in ("preferred_wait_us", "preferred_scope", "preferred_requires"):
                if self._one_in(3):
                    wishes[name] = self.plans.preference(name)
        if self._has("scheduled") and self._one_in(3):
            wishes["due_at_us"] = self._due()
        if self._has("scheduled", "callbacks") and self._one_in(3):
            wishes["keeps_place"] = self._pick(*KeepsPlace)
        return wishes

    def _parking(self, due_at_us: int | None, *, ends: bool) -> dict[str, Any]:
        """Return how a contact is parked that comes in so; that ends only in a queue, and after its due moment."""
        parking: dict[str, Any] = {"clock": self._pick(None, *ParkClock)}
        after = self._pick(None, 4, 1, 9, 30, 0, -3)
        if ends and after is not None:
            earliest = 0 if due_at_us is None else due_at_us + 1
            parking["until_us"] = max(earliest, self.model.now + after)
        return parking

    def _due(self) -> int:
        return max(0, self.model.now + int(self._pick(4, 1, 12, 40, 0, -3)))

    def _end(self) -> Command:
        contacts = self.live if self.live and self.random.randrange(8) else self.model.contacts
        busiest = max(contacts, key=lambda contact: len(contact.legs))
        cancels = len(busiest.legs) > 1 and self.random.randrange(2)
        contact_id = self._contact_key(busiest if cancels else self._pick(*contacts))
        kind = commands.CancelContact if cancels or self._one_in(4) else commands.AbandonContact
        return kind(contact_id=contact_id, reason=self._pick(None, "bored"), **self.shared)

    def _abandon(self) -> Command:
        waiting = [*self.waiting, *self.parked] if self._one_in(4) else self.waiting
        return commands.AbandonContact(contact_id=self._contact_key(self._pick(*waiting)), **self.shared)

    def _expedite(self) -> Command:
        contacts = self.waiting if self.waiting and self.random.randrange(6) else self.live
        return commands.ExpediteContact(contact_id=self._contact_key(self._pick(*contacts)), **self.shared)

    def _park(self) -> Command:
        contacts = self.live if self._one_in(8) else [one for one in self.live if one not in self.parked] or self.live
        return commands.ParkContact(
            contact_id=self._contact_key(self._pick(*contacts)),
            clock=self._pick(*ParkClock),
            until_us=self._pick(None, *(max(0, self.model.now + after) for after in (4, 1, 9, 0, -3))),
            **self.shared,
        )

    def _unpark(self) -> Command:
        contacts = self.live if self._one_in(8) else self.parked
        return commands.UnparkContact(contact_id=self._contact_key(self._pick(*contacts)), **self.shared)

    def _any_live(self) -> Contact:
        """Return a contact inside, rather one that is offered or at work."""
        engaged = [contact for contact in self.live if contact.offers or contact.legs]
        contact: Contact = self._pick(*(engaged if engaged and self.random.randrange(3) else self.live))
        return contact

    def _change(self) -> Command:
        return commands.ChangeContact(
            contact_id=self._contact_key(self._any_live()),
            patch=self._patch(),
            offers=self._pick(*ChangeOffers),
            if_version=self._pick(*(None,) * 8, 1, 2),
            **self.shared,
        )

    def _patch(self) -> ContactPatch:
        """Return a patch of a few fields, rarely of none."""
        makers: dict[str, Callable[[], Any]] = {
            "queue_id": self._queue_id,
            "tier": lambda: self._pick(None, 0, 1, 2, 3, -1),
            "channel": lambda: self._pick(*self.channels),
            "requires": lambda: self._requirement() if self.random.randrange(2) else None,
            "conversation_id": lambda: self._pick(None, "talk"),
            "head_start_us": self._head_start,
            "excluded": lambda: some(self.random, SOME_AGENTS),
            "scores": self._scores,
            "attributes": self._attributes,
            "cost": lambda: self._pick(None, 0, 20, 50, 101),
            "parked": lambda: self._pick(False, True),
            "keeps_place": lambda: self._pick(*KeepsPlace),
        }
        makers |= self._makers_in_time()
        names = self.random.sample(list(makers), self._pick(1, 2, 3, 5, 0))
        return ContactPatch(**{name: make() for name, make in makers.items() if name in names})

    def _makers_in_time(self) -> dict[str, Callable[[], Any]]:
        """Return what makes the fields of a patch that concern the course of time."""
        makers: dict[str, Callable[[], Any]] = {}
        if self._has("preferred"):
            makers["preferred"] = self._preferred
            for name in ("preferred_wait_us", "preferred_scope", "preferred_requires"):
                makers[name] = partial(self._preference, name)
        if self._has("own_plans"):
            makers["plan"] = lambda: self.plans.plan() if self.random.randrange(3) else []
        if self._has("limits"):
            makers["limits"] = lambda: self.plans.limits() if self.random.randrange(3) else None
        if self._has("scheduled"):
            makers["due_at_us"] = self._due
        return makers

    def _preference(self, name: str) -> Any:
        return self._pick(None, self.plans.preference(name))

    def _give_queue(self) -> Command:
        """Put a contact into its first queue, mostly as it is, or let it wait there at once."""
        homeless = [contact for contact in self.live if contact.queue is None]
        patch: dict[str, Any] = {"queue_id": self._queue_id()}
        if self._one_in(3):
            patch["parked"] = self._one_in(6)
        if self._one_in(4):
            patch["keeps_place"] = self._pick(*KeepsPlace)
        return commands.ChangeContact(
            contact_id=self._contact_key(self._pick(*homeless)),
            patch=structs.replace(self._patch(), **patch) if self._one_in(3) else ContactPatch(**patch),
            **self.shared,
        )

    def _change_channel(self) -> Command:
        return commands.ChangeChannel(
            contact_id=self._contact_key(self._any_live()),
            channel=self._pick(*self.channels),
            or_requeue=self._one_in(2),
            **self.shared,
        )

    # ---- offers

    def _answer(self) -> Command:
        pending = [offer for agent in self.model.agents.values() for offer in agent.offers]
        offer_id = f"o{self._pick(*pending).number}"
        if self.random.randrange(6 if self.world.is_busy else 3):
            return commands.AcceptOffer(offer_id=offer_id, **self.shared)
        return commands.DeclineOffer(
            offer_id=offer_id,
            reason=self._pick(None, "busy"),
            next_presence=self._pick(*Presence) if self._one_in(4) else None,
            **self._cooldown(),
            **self.shared,
        )

    def _chosen(self) -> dict[str, Any]:
        """Name a contact that an agent might take and an agent that might take it."""
        seeking = [leg.contact for leg in self.working if leg.contact.state == ContactState.ACTIVE]
        contacts = seeking if seeking and self._one_in(5) else self.waiting
        contact = self._pick(*contacts) if self.random.randrange(10) else self._pick(*self.live)
        return {"contact_id": self._contact_key(contact), "agent_id": self._agent_key(self._taker())}

    def _pick_contact(self) -> Command:
        return commands.PickContact(**self._chosen(), **self.shared)

    def _assign(self) -> Command:
        ignoring = [rule for rule in Ignorable if self.random.randrange(3) == 0]
        return commands.AssignContact(
            **self._chosen(),
            as_=self._pick(*AssignAs),
            ignoring=ignoring if self.random.randrange(4) else list(Ignorable),
            **self.shared,
        )

    # ---- legs

    def _work(self) -> Command:
        leg: Leg = self._pick(*self.legs)
        both = {"contact_id": self._contact_key(leg.contact), "agent_id": self._agent_key(leg.agent.id)} | self.shared
        if self._one_in(10):
            both["agent_id"] = self._agent_key(self._pick(*self.model.agents))
        kinds: tuple[Maker, ...] = (
            lambda: commands.HoldContact(**both),
            lambda: commands.ResumeContact(**both),
            lambda: self._complete(both),
            lambda: self._complete({name: value for name, value in both.items() if name != "agent_id"}),
            self._transfer if self.working else lambda: self._complete(both),
            lambda: commands.EndWrapUp(**both),
            lambda: commands.ExtendWrapUp(wrap_up_us=self._pick(2, 0, 1, "unlimited"), **both),
        )
        fit = (0, 2, 2, 3, 3, 4, 4) if leg.state == LegState.ACTIVE else (1, 1, 2, 3, 4)
        if leg.state == LegState.WRAPPING:
            fit = (5, 5, 6, 6, 3)
        return kinds[self._pick(*fit) if self.random.randrange(8) else self.random.randrange(len(kinds))]()

    def _complete(self, whose: dict[str, Any]) -> Command:
        return commands.CompleteContact(
            disposition=self._pick(None, "sold", "lost"),
            wrap_up_us=self._pick(None, None, None, 0, 3, "unlimited"),
            **whose,
        )

    def _transfer(self) -> Command:
        warm = self._has("warm") and self.random.randrange(2)
        target = self._target(agents=self._has("direct"))
        if self._has("kept_transfer") and self.random.randrange(3):
            target = self._kept_target()
        return commands.TransferContact(
            **self._leg_named(self.working),
            **target,
            mode=TransferMode.WARM if warm else TransferMode.BLIND,
            keeps_place=self._pick(None, None, *KeepsPlace),
            on_unanswered=self._pick(*OnUnanswered),
            **self.shared,
        )

    def _kept_target(self) -> dict[str, Any]:
        """Name a queue, and the agent for whom it keeps the contact."""
        target: dict[str, Any] = {"to_queue": self._queue_id(), "to_agent": self._agent_key(self._taker())}
        for name in ("preferred_wait_us", "preferred_scope", "preferred_requires"):
            if self._one_in(3):
                target[name] = self.plans.preference(name)
        return target

    def _consult(self) -> Command:
        return commands.ConsultAgent(**self._leg_named(self.working), **self._target(agents=True), **self.shared)

    def _join(self) -> Command:
        """Ask a further agent in, rather one who is consulted already."""
        leg: Leg = self._pick(*self.working)
        consulted = [one.agent.id for one in self.working if one.contact.given.parent_id == leg.contact.id]
        target = self._target(agents=True)
        if consulted and self.random.randrange(3):
            target = {"to_agent": self._agent_key(self._pick(*consulted))}
        return commands.JoinConference(**self._leg_named([leg]), **target, **self.shared)

    def _leave(self) -> Command:
        shared_legs = [leg for leg in self.working if len(leg.contact.legs) > 1] or self.legs
        return commands.LeaveConference(**self._leg_named(shared_legs), **self.shared)

    def _requeue(self) -> Command:
        return commands.RequeueContact(**self._whole_or_leg(), **self._cooldown(), **self.shared)

    def _connect_failed(self) -> Command:
        return commands.ConnectFailed(**self._whole_or_leg(), **self._cooldown(), **self.shared)

    def _whole_or_leg(self) -> dict[str, Any]:
        named = self._leg_named(self.working)
        return named if self.random.randrange(2) else {"contact_id": named["contact_id"]}

    # ---- agents

    def _set_presence(self) -> Command:
        agents = self.model.agents
        offline = [agent.id for agent in agents.values() if agent.presence != Presence.AVAILABLE]
        agent_id = str(self._pick(*offline) if offline and self.random.randrange(4) else self._pick(*agents))
        presences = [Presence.AWAY, Presence.AWAY, Presence.OFFLINE, Presence.AVAILABLE]
        if agent_id in offline or (self.world.is_busy and self.random.randrange(4)):
            presences = [Presence.AVAILABLE] * (20 if self.world.is_busy else 6) + presences[:3]
        return commands.SetPresence(
            agent_id=self._agent_key(agent_id),
            presence=self._pick(*presences),
            label=self._pick(None, "lunch"),
            offers=self._pick(None, None, *PendingOffers),
            next_=self._one_in(3),
            if_version=self._version(),
            **self.shared,
        )

    def _version(self) -> int | None:
        """Return the version that an agent or a queue should have, rarely a wrong one."""
        return self._pick(None, 1, 1, 1, 2, 3) if self._has("versions") else None

    def _heartbeat(self) -> Command:
        """Make a heartbeat, rather of an agent that has to give some."""
        agents = self.model.agents.values()
        leased = [agent.id for agent in agents if agent.config.lease_us is not None]
        agent_id = self._pick(*leased) if leased and self.random.randrange(8) else self._pick(*self.model.agents)
        return commands.Heartbeat(agent_id=self._agent_key(agent_id), **self.shared)

    def _configure(self) -> Command:
        """Make a command of configuration that leaves a configuration without faults."""
        edits = Edits(self.random, self.world, self.model.config)
        return structs.replace(edits.command(), **self.shared)

    def _load(self) -> Command:
        return commands.SetExternalLoad(
            agent_id=self._agent_key(self._pick(*self.model.agents)),
            channel=self._pick(*CHANNELS),
            units=self._pick(0, 0, 20, 50, 100, 400),
            **self.shared,
        )

    # ---- what rather does not fit

    def _any_other(self) -> Command:
        """Make a command that rather does not fit, or pause or open a queue."""
        if self.random.randrange(2):
            return self._pause_or_open()
        names: dict[str, Any] = {
            "contact_id": self._pick(*self.world.contact_ids, "ghost"),
            "agent_id": self._pick(*self.model.agents, "ghost"),
            "offer_id": self._pick(
                f"o{1 + self.random.randrange(len(self.model.offer_ids) + 2)}", "o0", "o01", "x", "o-1", "O1"
            ),
            "queue_id": self._queue_id(),
            "channel": "chat",
            "to_queue": self._queue_id(),
            "units": 0,
            "wrap_up_us": 1,
            "patch": ContactPatch(tier=1),
        }
        kind = self._pick(*(one for one in commands.COMMANDS if one not in NOT_IN_PASSING))
        needed = [field.name for field in structs.fields(kind) if field.required]
        needed += [name for name in ("queue_id", "to_queue") if name in kind.__struct_fields__]
        return kind(**{name: names[name] for name in needed}, **self.shared)  # type: ignore[no-any-return]

    def _pause_or_open(self) -> Command:
        queue_id = self._queue_id()
        opens = queue_id in self.model.paused if self.random.randrange(4) else self._one_in(2)
        return (commands.OpenQueue if opens else commands.PauseQueue)(
            queue_id=queue_id, if_version=self._version(), **self.shared
        )
