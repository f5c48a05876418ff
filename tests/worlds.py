"""Small contact centres and steps in them, made by ``random.Random`` or, through its look-alike, by hypothesis.

Every choice lists the plainest value first, so that hypothesis shrinks towards it. Times are a few microseconds apart,
so that offers, wrap-ups and cool-downs end together often. Which step comes next depends on the model's present state:
most commands fit it, some are stale, repeated or name what does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from hypothesis import strategies as st

from ccroute import commands
from ccroute.commands import Command
from ccroute.config.structs import Agent, AgentChannel, AgentQueue, Channel, Config, EngineSettings, Offer, Queue, Skill
from ccroute.types import TIME_US_MAX, KeepsPlace, OfferMode, PendingOffers, Presence
from tests.model import Model
from tests.model.state import Contact
from tests.steps import Advance, Batch, Handle, Malformed, Restore, Step

DAY_US = 24 * 3600 * 1_000_000
LATEST_US = TIME_US_MAX - 200 * DAY_US
"""As far as random steps go, so that every deadline is a time."""
CHANNELS = ("voice", "chat", "email", "pigeon")
SKILLS = ("s0", "s1", "s2")
CONTACTS = tuple(f"c{number}" for number in range(10))
REQUIREMENTS = (
    "agent.skills.s0 >= 1",
    "agent.skills.s1 >= 50",
    "agent.skills.s0 >= 0 && agent.skills.s2 >= 0",
    "agent.skills.s0 >= 30 && agent.skills.s1 >= 10",
    'agent.skills.s2 > 10 || agent.attributes.lang == "de"',
    "!(agent.attributes.n > 3)",
    "has(agent.attributes.lang) && agent.skills.s1 >= 0",
    '"x" in agent.attributes.tags',
    'agent.id in ["a0", "a2"]',
    'agent.id != "a1"',
    "agent.attributes.lang == queue.attributes.lang",
    "agent.attributes.lang == contact.attributes.lang",
    "agent.skills.s2 >= contact.attributes.level",
    "agent.attributes.lang in contact.attributes.langs || agent.attributes.vip",
    "contact.attributes.level > 1 && agent.skills.s0 > 0 || contact.attributes.level <= 1",
    "agent.attributes.mix > 1",
)
PLAIN_REQUIREMENTS_COUNT = 2
"""The first so many are of pairwise distinct meaning and read nothing of contact and queue."""
SCORES = ("agent.skills.s0", "agent.attributes.n * 10 + agent.skills.s1", "3 - agent.skills.s2", "agent.attributes.n")
SHORT_FORMS = (
    "longest_idle",
    "least_loaded",
    "most_skilled",
    "least_skilled",
    "round_robin",
    "fewest_handled",
    "in_order",
    "best_score",
)
SELECT_KEYS = ("idle", "load", "skill_sum", "last_offer", "handled", "listed", "score", "given_score")


def _one_in(random: Random, many: int) -> bool:
    return random.randrange(many) == many - 1


def _pick(random: Random, values: Sequence[Any]) -> Any:
    return values[random.randrange(len(values))]


def _some(random: Random, values: Sequence[str]) -> list[str]:
    return [value for value in values if random.randrange(2)]


# ---- configurations


def random_config(random: Random) -> Config:
    """Make a contact centre of 1–3 queues and 1–5 agents that passes every check of configurations.

    In half of them nearly everybody can serve nearly everything, so that there is a choice among agents.
    """
    agents = [f"a{number}" for number in range(1 + random.randrange(5))]
    queues = [f"q{number}" for number in range(1 + random.randrange(3))]
    few_classes = _one_in(random, 14)
    easy = bool(random.randrange(2))
    channels = {"pigeon": _random_channel(random)}
    for channel in CHANNELS[:3]:
        if _one_in(random, 5):
            channels[channel] = _random_channel(random)
    return Config(
        engine=EngineSettings(
            retain_us=_pick(random, (300_000_000, 0, 4, 12)),
            command_ids_max=_pick(random, (65_536, 0, 1, 3)),
            jump_max_us=20 if _one_in(random, 10) else None,
            idle_grace_us=_pick(random, (300_000_000, 0, 3)),
            classes_max=1 + random.randrange(3) if few_classes else 16_384,
            contacts_max=1 + random.randrange(6) if _one_in(random, 12) else 1_000_000,
            agents_max=100,
        ),
        skills={skill: Skill() for skill in SKILLS},
        channels=channels,
        queues={queue: _random_queue(random, agents, few_classes, easy) for queue in queues},
        agents={agent: _random_agent(random, queues, easy) for agent in agents},
    )


def _random_channel(random: Random) -> Channel:
    return Channel(
        cost=_pick(random, (None, 30, 50, 100, 0)),
        live=_pick(random, (None, True, False)),
        away_after=_pick(random, (None, 0, 1, 2)),
    )


def _random_queue(random: Random, agents: list[str], few_classes: bool, easy: bool) -> Queue:
    select = _random_select(random)
    needs_score = any(key.startswith("score") for key in ([select] if isinstance(select, str) else select))
    return Queue(
        requires=_random_requirement(random, easy) if not few_classes and _one_in(random, 3) else None,
        members="all" if _one_in(random, 2 if easy else 4) else "listed",
        select=select,
        order_list=random.sample(agents, random.randrange(len(agents) + 1)),
        score=_pick(random, SCORES) if needs_score or _one_in(random, 3) else None,
        offer=Offer(
            mode=_pick(random, (OfferMode.RING, OfferMode.RING, OfferMode.AUTO)),
            offer_timeout_us=_pick(random, (10, 1, 2, 3, 5, 40)),
        ),
        cost=_pick(random, (None, None, 30, 50, 0)),
        wrap_up_us=_pick(random, (0, 2, 5, "unlimited")),
        cooldown_us=_pick(random, (5, 0, 1, 2, 30)),
        offers_max_per_contact=_pick(random, (20, 1, 2, 3)),
        away_after=_pick(random, (None, 0, 1, 2)),
        ageing=_pick(random, (1_000, 1_000, 0, -1_000, 1, 500, 1_500, -7, 1_000_000)),
        tier=_pick(random, (0, 0, 0, 1, -1)),
        head_start_us=_pick(random, (0, 0, 3, -2, 90_000_000)),
        keeps_place=_pick(random, tuple(KeepsPlace)),
        attributes={"lang": _pick(random, ("de", "en"))} if _one_in(random, 2) else {},
        paused=_one_in(random, 10),
    )


def _random_requirement(random: Random, easy: bool) -> str:
    """Return a requirement; an easy one holds for nearly everybody and names skills, as ``skill_sum`` wants it."""
    return str(_pick(random, REQUIREMENTS[:3] if easy else REQUIREMENTS))


def _random_select(random: Random) -> str | list[str]:
    if random.randrange(2):
        return str(_pick(random, SHORT_FORMS))
    keys = random.sample(SELECT_KEYS, 1 + random.randrange(3))
    return [key + _pick(random, ("", " asc", " desc")) for key in keys]


def _random_agent(random: Random, queues: list[str], easy: bool) -> Agent:
    ranks: dict[str, int | AgentQueue] = {}
    for queue in queues:
        if not _one_in(random, 4):
            rank = _pick(random, (1, 1, 1, 1, 2) if easy else (1, 1, 2, 3))
            ranks[queue] = AgentQueue(rank=rank) if random.randrange(2) else rank
    channels = {}
    for channel in CHANNELS:
        if _one_in(random, 12 if easy else 3):
            channels[channel] = AgentChannel(
                cost=_pick(random, (None, None, 0, 30, 50, 100)),
                max=_pick(random, (None, 1, 2, 0)),
                blocked=_one_in(random, 8),
            )
    return Agent(
        skills={skill: _pick(random, (1, 10, 40, 60, 100)) for skill in SKILLS if random.randrange(4)},
        queues=ranks,
        capacity=_pick(random, (100, 200, 250, 300, 500) if easy else (100, 100, 60, 200, 300, 1)),
        channels=channels,
        channels_closed=not easy and _one_in(random, 8),
        offers_max=1 + random.randrange(3),
        attributes=_random_attributes(random),
    )


def _random_attributes(random: Random) -> dict[str, commands.AttributeValue]:
    attributes: dict[str, commands.AttributeValue] = {}
    if random.randrange(2):
        attributes["lang"] = _pick(random, ("de", "en"))
    if random.randrange(2):
        attributes["n"] = random.randrange(6)
    if _one_in(random, 3):
        attributes["tags"] = _some(random, ("x", "y"))
    if _one_in(random, 3):
        attributes["vip"] = _one_in(random, 2)
    if _one_in(random, 3):
        attributes["mix"] = _pick(random, (2, "2", True))
    return attributes


# ---- steps


def random_step(random: Random, model: Model) -> Step:
    """Make the next step, fit for what is going on in ``model``."""
    chance = random.randrange(100)
    allow_jump = _one_in(random, 4)
    if chance < 80:
        return Handle(random_command(random, model), random_time(random, model), allow_jump)
    if chance < 87:
        return Advance(random_time(random, model), allow_jump)
    if chance < 92:
        return Malformed(random_malformed(random, model), model.now)
    if chance < 96:
        return Restore()
    pairs = [(random_command(random, model), random_time(random, model, far=False)) for _ in range(random.randrange(5))]
    bad = _spoil(random, pairs, model)
    return Batch(tuple(pairs), bad, allow_jump)


def _spoil(random: Random, pairs: list[tuple[Command, int]], model: Model) -> int | None:
    """Spoil one pair of a batch, sometimes, and return which."""
    if not pairs or random.randrange(3):
        return None
    index = random.randrange(len(pairs))
    pairs[index] = (random_malformed(random, model), model.now)
    return index


def random_time(random: Random, model: Model, far: bool = True) -> int:
    """Return a time near the present, or at the deadline of a timer or beside it, or in the past, or far ahead."""
    if (
        far and _one_in(random, 40) and not model.timers
    ):  # with timers, a contact that nobody answers is offered for ever
        return min(model.now + int(_pick(random, (DAY_US, 10**12, 10**15))), LATEST_US)
    chance = random.randrange(20)
    if chance < 9:
        return model.now
    if chance < 13:
        return model.now + 1 + random.randrange(3)
    if chance < 16 and model.timers:
        due: int = model.timers[random.randrange(len(model.timers))].due
        return max(0, due + int(_pick(random, (0, 0, 1, -1))))
    if chance < 18:
        return max(0, model.now - 1 - random.randrange(4))
    return model.now + int(_pick(random, (4, 7, 25)))


def random_command(random: Random, model: Model) -> Command:
    """Make a well-formed command; most can be carried out."""
    actor = None if random.randrange(3) else _pick(random, ("boss", *model.agents))
    command_id = f"k{random.randrange(8)}" if _one_in(random, 8) else None
    makers = [_enqueue] * 6 + [_set_presence] * 3 + [_any_other] * 2
    makers += [_set_presence] * (2 * sum(agent.presence == Presence.OFFLINE for agent in model.agents.values()))
    if any(agent.offers for agent in model.agents.values()):
        makers += [_answer] * 14
    if any(agent.legs for agent in model.agents.values()):
        makers += [_work] * 8
    if model.contacts:
        makers += [_end]
    command: Command = _pick(random, makers)(random, model, {"actor": actor, "command_id": command_id})
    return command


def _enqueue(random: Random, model: Model, shared: dict[str, Any]) -> Command:
    taken = [contact.id for contact in model.contacts if contact.over_at is None]
    free = [id_ for id_ in CONTACTS if id_ not in taken]
    if not free and random.randrange(8):
        return _end(random, model, shared)
    few_classes = model.config.engine.classes_max < 100
    requires = (
        REQUIREMENTS[random.randrange(PLAIN_REQUIREMENTS_COUNT)]
        if few_classes
        else _random_requirement(random, bool(random.randrange(2)))
    )
    return commands.EnqueueContact(
        contact_id=_pick(random, CONTACTS if not free or _one_in(random, 8) else free),
        queue_id=_pick(random, tuple(model.config.queues)),
        channel=_pick(random, CHANNELS),
        customer_id="anna" if _one_in(random, 4) else None,
        conversation_id="talk" if _one_in(random, 6) else None,
        parent_id="c0" if _one_in(random, 6) else None,
        requires=requires if _one_in(random, 3) else None,
        tier=_pick(random, (None, None, None, None, 0, 1, 2, -1)),
        head_start_us=_pick(random, (None, None, None, 0, 2, 5, -3, 90_000_000, 90 * DAY_US, -90 * DAY_US)),
        excluded=_some(random, ("a0", "a1", "a2", "ghost")) if _one_in(random, 5) else [],
        scores={agent: random.randrange(-2, 4) for agent in _some(random, ("a0", "a1", "a2", "ghost"))},
        attributes=_random_contact_attributes(random),
        cost=_pick(random, (None, None, None, None, 0, 20, 50, 101)),
        **shared,
    )


def _random_contact_attributes(random: Random) -> dict[str, commands.AttributeValue]:
    attributes: dict[str, commands.AttributeValue] = {}
    if random.randrange(2):
        attributes["lang"] = _pick(random, ("de", "en"))
    if random.randrange(2):
        attributes["level"] = _pick(random, (0, 1, 40, 60))
    if _one_in(random, 3):
        attributes["langs"] = _some(random, ("de", "en"))
    return attributes


def _agent_key(random: Random, model: Model, id_: str) -> str | int:
    if _one_in(random, 20):
        return str(_pick(random, ("ghost", *model.agents)))
    return model.agents[id_].seq if _one_in(random, 8) else id_


def _contact_key(random: Random, model: Model, contact: Contact) -> str | int:
    if _one_in(random, 15):
        return str(_pick(random, (*CONTACTS, "ghost")))
    if _one_in(random, 30):
        return 1 + random.randrange(max(1, model.contacts_made))
    return contact.seq if _one_in(random, 6) else contact.id


def _answer(random: Random, model: Model, shared: dict[str, Any]) -> Command:
    pending = [offer for agent in model.agents.values() for offer in agent.offers]
    offer_id = f"o{_pick(random, pending).number}"
    if random.randrange(3):
        return commands.AcceptOffer(offer_id=offer_id, **shared)
    return commands.DeclineOffer(
        offer_id=offer_id,
        reason=_pick(random, (None, "busy")),
        next_presence=_pick(random, tuple(Presence)) if _one_in(random, 4) else None,
        **shared,
    )


def _work(random: Random, model: Model, shared: dict[str, Any]) -> Command:
    legs = [leg for agent in model.agents.values() for leg in agent.legs]
    leg = _pick(random, legs)
    contact_id = _contact_key(random, model, leg.contact)
    other = _pick(random, tuple(model.agents)) if _one_in(random, 10) else leg.agent.id
    agent_id = _agent_key(random, model, other)
    both = {"contact_id": contact_id, "agent_id": agent_id} | shared
    wraps = leg.state == "wrapping"
    kinds = (
        (6, 6, 7, 7, 2) if wraps else (1,) if leg.state == "held" and random.randrange(2) else (2, 3, 2, 4, 5, 4, 0, 1)
    )
    kind = _pick(random, kinds) if random.randrange(8) else random.randrange(8)
    if kind == 0:
        return commands.HoldContact(**both)
    if kind == 1:
        return commands.ResumeContact(**both)
    if kind in (2, 3):
        whose: dict[str, Any] = {} if kind == 2 and random.randrange(2) else {"agent_id": agent_id}
        return commands.CompleteContact(
            contact_id=contact_id,
            disposition=_pick(random, (None, "sold", "lost")),
            wrap_up_us=_pick(random, (None, None, None, 0, 3, "unlimited")),
            **whose,
            **shared,
        )
    if kind in (4, 5):
        return commands.TransferContact(
            to_queue=_pick(random, tuple(model.config.queues)),
            keeps_place=_pick(random, (None, None, *KeepsPlace)),
            **both,
        )
    if kind == 6:
        return commands.EndWrapUp(**both)
    return commands.ExtendWrapUp(wrap_up_us=_pick(random, (2, 0, 1, "unlimited")), **both)


def _end(random: Random, model: Model, shared: dict[str, Any]) -> Command:
    contacts = tuple(model.contacts)
    busiest = max(contacts, key=lambda contact: len(contact.legs))
    cancels = len(busiest.legs) > 1 and random.randrange(2)
    contact_id = _contact_key(random, model, busiest if cancels else _pick(random, contacts))
    kind = commands.CancelContact if cancels or _one_in(random, 4) else commands.AbandonContact
    return kind(contact_id=contact_id, reason=_pick(random, (None, "bored")), **shared)


def _set_presence(random: Random, model: Model, shared: dict[str, Any]) -> Command:
    offline = [agent.id for agent in model.agents.values() if agent.presence != Presence.AVAILABLE]
    agent_id = _pick(random, offline) if offline and random.randrange(4) else _pick(random, tuple(model.agents))
    presences = [Presence.AWAY, Presence.AWAY, Presence.OFFLINE, Presence.AVAILABLE]
    if agent_id in offline:
        presences = [Presence.AVAILABLE] * 6 + [Presence.AWAY, Presence.AWAY, Presence.OFFLINE]
    return commands.SetPresence(
        agent_id=_agent_key(random, model, agent_id),
        presence=_pick(random, presences),
        label=_pick(random, (None, "lunch")),
        offers=_pick(random, (None, None, *PendingOffers)),
        next_=_one_in(random, 3),
        **shared,
    )


def _any_other(random: Random, model: Model, shared: dict[str, Any]) -> Command:
    """Make a command that rather does not fit, or pause or open a queue."""
    if random.randrange(2):
        queue_id = _pick(random, tuple(model.config.queues))
        opens = queue_id in model.paused if random.randrange(4) else _one_in(random, 2)
        return (commands.OpenQueue if opens else commands.PauseQueue)(queue_id=queue_id, **shared)
    contact_id = _pick(random, (*CONTACTS, "ghost"))
    agent_id = _pick(random, (*model.agents, "ghost"))
    offer_id = _pick(random, (f"o{1 + random.randrange(len(model.offer_ids) + 2)}", "o0", "o01", "x", "o-1", "O1"))
    both = {"contact_id": contact_id, "agent_id": agent_id} | shared
    queue_id = _pick(random, tuple(model.config.queues))
    makers: tuple[Callable[[], Command], ...] = (
        lambda: commands.AcceptOffer(offer_id=offer_id, **shared),
        lambda: commands.DeclineOffer(offer_id=offer_id, **shared),
        lambda: commands.AbandonContact(contact_id=contact_id, **shared),
        lambda: commands.CancelContact(contact_id=contact_id, **shared),
        lambda: commands.HoldContact(**both),
        lambda: commands.ResumeContact(**both),
        lambda: commands.CompleteContact(**both),
        lambda: commands.CompleteContact(contact_id=contact_id, **shared),
        lambda: commands.EndWrapUp(**both),
        lambda: commands.ExtendWrapUp(wrap_up_us=1, **both),
        lambda: commands.TransferContact(to_queue=queue_id, **both),
        lambda: commands.EnqueueContact(contact_id=contact_id, queue_id=queue_id, channel="chat", **shared),
    )
    command: Command = _pick(random, makers)()
    return command


# ---- what must raise


_ENQUEUE: dict[str, Any] = {"contact_id": "c0", "queue_id": "q0", "channel": "voice"}
_LEG: dict[str, Any] = {"contact_id": "c0", "agent_id": "a0"}
_BAD_ENQUEUES: tuple[dict[str, Any], ...] = (
    {"queue_id": "nowhere"},
    {"channel": "telepathy"},
    {"contact_id": ""},
    {"contact_id": "x" * 129},
    {"contact_id": 1},
    {"contact_id": "a\0b"},
    {"contact_id": "\ud800"},
    {"requires": "agent.skills."},
    {"requires": "agent.skills.unheard_of >= 1"},
    {"requires": 1},
    {"tier": 2**31},
    {"tier": True},
    {"tier": 1.0},
    {"head_start_us": 90 * DAY_US + 1},
    {"head_start_us": "5s"},
    {"excluded": ["a0"] * 17},
    {"excluded": "a0"},
    {"excluded": [3]},
    {"scores": {"a0": 1.5}},
    {"scores": {"a0": 2**53}},
    {"scores": []},
    {"attributes": {"x": None}},
    {"attributes": {"x": float("nan")}},
    {"attributes": {"x": [1]}},
    {"attributes": {f"x{number}": 1 for number in range(65)}},
    {"cost": -1},
    {"cost": 1_000_001},
    {"customer_id": 5},
    {"command_id": 5},
    {"command_id": ""},
    {"actor": 5},
)
_MALFORMED: tuple[Any, ...] = (
    commands.TransferContact(to_queue="nowhere", **_LEG),
    commands.TransferContact(to_queue="q0", mode="warm", **_LEG),  # type: ignore[arg-type]
    commands.TransferContact(to_queue="q0", keeps_place=1, **_LEG),  # type: ignore[arg-type]
    commands.PauseQueue(queue_id="nowhere"),
    commands.OpenQueue(queue_id=None),  # type: ignore[arg-type]
    commands.CompleteContact(contact_id="c0", wrap_up_us=-1),
    commands.CompleteContact(contact_id="c0", wrap_up_us="for ever"),
    commands.CompleteContact(contact_id="c0", disposition="x" * 1025),
    commands.ExtendWrapUp(wrap_up_us=90 * DAY_US + 1, **_LEG),
    commands.ExtendWrapUp(wrap_up_us=None, **_LEG),  # type: ignore[arg-type]
    commands.HoldContact(contact_id=None, agent_id="a0"),  # type: ignore[arg-type]
    commands.HoldContact(contact_id="c0", agent_id=True),
    commands.AcceptOffer(offer_id=1),  # type: ignore[arg-type]
    commands.DeclineOffer(offer_id="o1", next_presence="lunch"),  # type: ignore[arg-type]
    commands.AbandonContact(contact_id=1.5),  # type: ignore[arg-type]
    commands.CancelContact(contact_id="c0", reason=b"x"),  # type: ignore[arg-type]
    commands.SetPresence(agent_id="a0", presence="lunch"),  # type: ignore[arg-type]
    commands.SetPresence(agent_id="a0", presence=Presence.AWAY, offers="drop"),  # type: ignore[arg-type]
    commands.SetPresence(agent_id="a0", presence=Presence.AWAY, next_=1),  # type: ignore[arg-type]
    commands.SetPresence(agent_id=[], presence=Presence.AWAY),  # type: ignore[arg-type]
    None,
    "contact.enqueue",
    commands.EnqueueContact,
    _ENQUEUE,
)


def random_malformed(random: Random, model: Model) -> Any:
    """Make something that no engine of this configuration takes as a command."""
    if random.randrange(3) == 0:
        return commands.EnqueueContact(**(_ENQUEUE | _pick(random, _BAD_ENQUEUES)))
    return _pick(random, _MALFORMED)


# ---- for hypothesis


def configs() -> st.SearchStrategy[Config]:
    """Make configurations; they shrink to few agents and plain values."""
    return st.randoms(use_true_random=False).map(random_config)
