"""Where steps of plans lead is remembered; that changes nothing: a floor without that memory decides alike."""

from __future__ import annotations

from itertools import product

from ccroute import Config, ContactChanged, Engine, EnqueueContact, OfferMade, PlanStep, Presence, SetPresence

SECOND = 1_000_000
LEVELS = (80, 60, 40)
AGENTS = {f"a{level}": {"skills": {"french": level}} for level in range(5, 100, 10)}
OWN = (
    [],
    [PlanStep(after=5 * SECOND, requires="agent.skills.french >= 30")],
    [PlanStep(after=15 * SECOND, requires="agent.skills.french >= 90", tier=1)],
    [PlanStep(after=12 * SECOND, queue="other"), PlanStep(after=14 * SECOND, tier=2)],
)
TEXTS = (None, "agent.skills.french >= 20", "agent.skills.french >= contact.attributes.least")


def test_steps_lead_where_they_would_lead_if_nothing_were_remembered() -> None:
    relaxing = [
        {"after": (at + 1) * 10 * SECOND, "requires": f"agent.skills.french >= {level}"}
        for at, level in enumerate(LEVELS)
    ]
    queues = {
        name: {"members": "all", "requires": f"agent.skills.french >= {least}", "plan": [*relaxing, *more]}
        for name, least, more in (("first", 95, []), ("other", 85, [{"after": 40 * SECOND, "tier": 3}]))
    }
    engine = Engine(Config.from_dict({"queues": queues, "agents": AGENTS}))
    for number, (queue_id, requires, plan, least) in enumerate(product(queues, TEXTS, OWN, (10, 50))):
        contact = EnqueueContact(
            contact_id=f"c{number}",
            queue_id=queue_id,
            channel="chat",
            requires=requires,
            plan=plan,
            attributes={"least": least},
        )
        engine.handle(contact, number)
    forgetful = engine
    changed = 0
    for moment_us in range(SECOND, 50 * SECOND, 6 * SECOND):
        forgetful = Engine.restore(forgetful.snapshot())
        told = engine.advance(moment_us)
        assert told == forgetful.advance(moment_us)
        changed += sum(type(event) is ContactChanged for event in told)
    offers = 0
    for agent_id in AGENTS:
        arrival = SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE)
        told = engine.handle(arrival, 60 * SECOND)
        assert told == forgetful.handle(arrival, 60 * SECOND)
        offers += sum(type(event) is OfferMade for event in told)
    assert changed > 3 * len(LEVELS) * len(OWN)
    assert offers > len(AGENTS) // 2
