"""Contact centres whose configuration changes at random: entries, commands, and what must agree of two engines."""

from __future__ import annotations

from random import Random
from typing import Any

from msgspec.structs import replace

from ccroute.commands import (
    AcceptOffer,
    CancelContact,
    Command,
    CompleteContact,
    Configure,
    DeclineOffer,
    EnqueueContact,
    ParkContact,
    PutAgent,
    PutChannel,
    PutQueue,
    RemoveAgent,
    RemoveQueue,
    SetExternalLoad,
    SetPresence,
    TransferContact,
    UnparkContact,
)
from ccroute.config import Agent, AgentChannel, AgentQueue, Channel, Config, EngineSettings, Offer, Queue, Skill
from ccroute.types import OfferMode, Order, Preempt, Presence, Removal, Victim

CHANNELS = ("voice", "chat", "email", "pigeon")
QUEUES = ("q0", "q1", "q2", "q3")
AGENTS = tuple(f"a{number}" for number in range(7))
SKILLS = ("de", "tax")
REQUIREMENTS = (
    None,
    None,
    "agent.skills.de >= 2",
    "agent.skills.tax > agent.skills.de",
    "agent.skills.de >= 1 && agent.skills.tax >= 1",
    "agent.attributes.site == queue.attributes.site",
    "agent.skills.de >= contact.attributes.level",
    'contact.channel == "voice" || agent.skills.tax >= 2',
    'agent.queues["q1"] == 1',
)


def queue_of(random: Random) -> Queue:
    """Make a queue of any kind."""
    mode = random.choice((OfferMode.RING, OfferMode.RING, OfferMode.AUTO, OfferMode.BROADCAST, OfferMode.MANUAL))
    k = random.choice((1, 2, 3)) if mode is OfferMode.BROADCAST else 1
    return Queue(
        requires=random.choice(REQUIREMENTS),
        attributes={"site": random.choice(("north", "south"))},
        members=random.choice(("listed", "listed", "all")),
        select=random.choice(("longest_idle", "most_skilled", "round_robin", "least_loaded", "best_score", "in_order")),
        score=random.choice(("agent.skills.de * 2 - agent.skills.tax", "agent.skills.tax")),
        order_list=[],
        offer=Offer(mode=mode, k=k, offers_min=random.randint(1, k), offer_timeout_us=random.choice((20, 50))),
        cost=random.choice((None, None, 10, 60)),
        ageing=random.choice((1_000, 1_000, 500, -1_000)),
        tier=random.choice((0, 0, 1)),
        head_start_us=random.choice((0, 0, 15)),
        overdue_after_us=random.choice((None, None, 30)),
        wrap_up_us=random.choice((0, 0, 10)),
        cooldown_us=random.choice((0, 15)),
        preempt=random.choice((Preempt.NEVER, Preempt.NEVER, Preempt.OFFERS, Preempt.WORK)),
        preempt_from=random.choice((0, 1)),
        victim=random.choice(tuple(Victim)),
        preempt_guard_us=random.choice((0, 0, 12)),
    )


def agent_of(random: Random) -> Agent:
    """Make an agent of any kind."""
    served: dict[str, int | AgentQueue] = {}
    for queue in QUEUES:
        rank = random.choice((0, 1, 1, 2))
        if rank:
            served[queue] = AgentQueue(rank=rank, after_us=random.choice((20, 40))) if random.random() < 0.2 else rank
    return Agent(
        skills={skill: random.randint(1, 4) for skill in SKILLS if random.random() < 0.7},
        queues=served,
        capacity=random.choice((100, 100, 60, 200)),
        channels={"voice": AgentChannel(max=1)} if random.random() < 0.2 else {},
        channels_closed=False,
        reserve={"email": 20} if random.random() < 0.1 else {},
        offers_max=random.choice((1, 2)),
        attributes={"site": random.choice(("north", "south"))},
    )


def channel_of(random: Random, id_: str) -> Channel:
    """Make an entry of a channel; of those that others interrupt, a suspendable one."""
    interrupts = ["email"] if id_ in ("voice", "pigeon") and random.random() < 0.4 else []
    suspendable = True if id_ == "email" else None
    return Channel(cost=random.choice((None, 20, 50)), interrupts=interrupts, suspendable=suspendable)


class World:
    """A configuration as the engine has it, and what is known of contacts and offers."""

    def __init__(self, random: Random, *, excludes: bool = True) -> None:
        self.random = random
        # Who is excluded before it is there, or is removed and comes back, is excluded no more.
        self.excludes = excludes
        agents = {id_: self._bound(agent_of(random)) for id_ in AGENTS[:4]}
        self.config = Config(
            skills={skill: Skill() for skill in SKILLS},
            channels={"email": Channel(suspendable=True)},
            queues={id_: queue_of(random) for id_ in QUEUES},
            agents=agents,
            engine=EngineSettings(classes_max=random.choice((3, 16_384)), retain_us=40),
        )
        self.contacts: list[str] = []
        self.offers: list[str] = []
        self.working: list[tuple[str, str]] = []
        self.number = 0

    def _bound(self, agent: Agent) -> Agent:
        if not hasattr(self, "config"):
            return agent
        return replace(agent, queues={id_: how for id_, how in agent.queues.items() if id_ in self.config.queues})

    # ---- what may happen -------------------------------------------------------------------------------------------

    def change(self) -> Command:
        """Return a command on the configuration."""
        random, config = self.random, self.config
        kind = random.randrange(10)
        if kind < 3:
            id_ = random.choice(QUEUES)
            queue = queue_of(random)
            if id_ in config.queues and random.random() < 0.6:
                field = random.choice(("requires", "ageing", "tier", "cost", "members", "select", "offer"))
                queue = replace(config.queues[id_], **{field: getattr(queue, field)})
            if config.engine.order is Order.RANK:
                queue = replace(queue, preempt=Preempt.NEVER)
            return PutQueue(queue_id=id_, config=queue)
        if kind < 6:
            return PutAgent(agent_id=random.choice(AGENTS), config=self._bound(agent_of(random)))
        if kind == 6:
            id_ = random.choice(CHANNELS)
            return PutChannel(channel=id_, config=channel_of(random, id_))
        removal = random.choice(tuple(Removal))
        if kind == 7 and config.agents:
            return RemoveAgent(agent_id=random.choice(list(config.agents)), removal=removal)
        if kind == 8 and len(config.queues) > 1:
            return RemoveQueue(queue_id=random.choice(list(config.queues)), removal=removal)
        return Configure(config=self._another(), removal=removal)

    def _another(self) -> Config:
        random, config = self.random, self.config
        queues = {id_: queue_of(random) if random.random() < 0.5 else queue for id_, queue in config.queues.items()}
        agents = {
            id_: self._bound(agent_of(random)) if random.random() < 0.5 else agent
            for id_, agent in config.agents.items()
            if random.random() < 0.9
        }
        agents |= {id_: self._bound(agent_of(random)) for id_ in AGENTS if id_ not in agents and random.random() < 0.3}
        order = Order.RANK if random.random() < 0.2 else Order.TIER
        if order is Order.RANK:
            queues = {id_: replace(queue, preempt=Preempt.NEVER) for id_, queue in queues.items()}
        engine = replace(config.engine, order=order, classes_max=random.choice((3, 16_384)))
        return replace(config, queues=queues, agents=agents, engine=engine)

    def enqueue(self) -> EnqueueContact:
        """Return a command that brings a contact."""
        random = self.random
        self.number += 1
        channels = [id_ for id_ in CHANNELS if id_ != "pigeon" or "pigeon" in self.config.channels]
        return EnqueueContact(
            contact_id=f"c{self.number}",
            queue_id=random.choice(list(self.config.queues)),
            channel=random.choice(channels),
            requires=random.choice((None, None, "agent.skills.tax >= 1", "agent.skills.de>=1", "agent.skills.de >= 1")),
            tier=random.choice((None, None, 0, 1, 2)),
            attributes={"level": random.randint(1, 3)},
            cost=random.choice((None, None, 15)),
            excluded=random.sample(AGENTS, 1) if self.excludes and random.random() < 0.2 else [],
        )

    def ordinary(self) -> Command:
        """Return a command of daily work."""
        random = self.random
        kind = random.randrange(12)
        if kind < 3 and self.config.agents:
            presence = random.choice((Presence.AVAILABLE, Presence.AVAILABLE, Presence.AWAY, Presence.OFFLINE))
            return SetPresence(agent_id=random.choice(AGENTS), presence=presence)
        if kind < 5 and self.offers:
            return AcceptOffer(offer_id=random.choice(self.offers[-6:]))
        if kind == 5 and self.offers:
            return DeclineOffer(offer_id=random.choice(self.offers[-6:]))
        if kind == 6 and self.working:
            contact, agent = random.choice(self.working[-6:])
            return CompleteContact(contact_id=contact)
        if kind == 7 and self.working:
            contact, agent = random.choice(self.working[-6:])
            return TransferContact(contact_id=contact, agent_id=agent, to_queue=random.choice(list(self.config.queues)))
        if kind == 8 and self.contacts:
            contact = random.choice(self.contacts[-8:])
            return random.choice((ParkContact, UnparkContact, CancelContact))(contact_id=contact)
        if kind == 9:
            return SetExternalLoad(agent_id=random.choice(AGENTS), channel="chat", units=random.choice((0, 20)))
        return self.enqueue()

    def note(self, events: list[Any]) -> None:
        """Take in what happened, as a host would."""
        for event in events:
            if event.__class__.__name__ == "OfferMade":
                self.offers.append(event.offer_id)
            elif event.__class__.__name__ == "ContactActive":
                self.working.append((event.contact_id, event.agent_id))
            elif event.__class__.__name__ == "ContactQueued":
                self.contacts.append(event.contact_id)

    def take(self, command: Any, status: Any) -> None:
        """Have the configuration be as the engine has it; ``status`` is the engine."""
        config = self.config
        if isinstance(command, PutQueue):
            config.queues[command.queue_id] = command.config
        elif isinstance(command, PutAgent):
            config.agents[command.agent_id] = command.config
        elif isinstance(command, PutChannel):
            config.channels[command.channel] = command.config
        elif isinstance(command, Configure):
            known = {id_: command.config.agents.get(id_, agent) for id_, agent in config.agents.items()}
            self.config = replace(command.config, agents=known | command.config.agents)
        self.forget_gone(status)

    def forget_gone(self, engine: Any) -> None:
        """Forget queues and agents that the engine does not have any more."""
        for id_ in [id_ for id_ in self.config.queues if engine.queue(id_) is None]:
            del self.config.queues[id_]
        for id_ in [id_ for id_ in self.config.agents if engine.agent(id_) is None]:
            del self.config.agents[id_]
        for id_, agent in list(self.config.agents.items()):
            self.config.agents[id_] = self._bound(agent)
