"""What is told of a past offer is what the oracle saw just before it; other events are told their causes."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute import (
    Choice,
    Comparison,
    Config,
    Decision,
    Engine,
    EventNotReached,
    OfferMade,
    OfferRescinded,
    OutOfRange,
    ReplayDiverged,
    RuleFired,
    SnapshotError,
    WrongType,
    explain_decision,
)
from ccroute.commands import Command, EnqueueContact, OpenQueue, PauseQueue, PickContact, SetPresence
from ccroute.config import Agent, Channel, Queue
from ccroute.engine.criteria import Criterion, Turn
from ccroute.types import Preempt, Presence, Rule
from tests.host import Host
from tests.moments import Moment, NotingModel
from tests.random_world import FOCI
from tests.steps import Advance, Duel, Handle
from tests.worlds import random_world

STEPS_COUNT: Final = 40
OFFERS_MAX: Final = 12
"""Offers of a world that are explained."""
ROOM: Final = {Rule.OFFERS_MAX, Rule.CHANNEL_MAX, Rule.CAPACITY}
BY_NAME: Final = (Turn.PICK, Turn.ASSIGNMENT, Turn.DIRECT, Turn.JOIN)
RANDOMS = st.randoms(use_true_random=False)


class Past:
    """A random centre, what was commanded and what happened."""

    def __init__(self, random: Random) -> None:
        changes = ("live_configuration",) if random.randrange(4) == 0 else ()
        world = random_world(random, (*FOCI[random.randrange(len(FOCI))], *changes))
        self.config = msgspec.structs.replace(
            world.config, engine=msgspec.structs.replace(world.config.engine, jump_max_us=None)
        )
        self.duel = Duel(self.config)
        self.duel.model = self.model = NotingModel(self.config)
        self.commands: list[tuple[Command | None, int]] = []
        self.seqs: list[int] = []
        """Seq of the last event after each command."""
        host = Host(random, world, self.model)
        for _ in range(STEPS_COUNT):
            if random.randrange(6) == 5:
                advance = Advance(host.time())
                self.commands.append((None, advance.to_us))
                self.duel.do(advance)
            else:
                handle = Handle(host.command(), host.time())
                self.commands.append((self.duel.translated(handle.command), handle.at_us))
                self.duel.do(handle)
            self.seqs.append(self.duel.told[-1].seq if self.duel.told else 0)

    def offers(self) -> list[OfferMade]:
        """Return some of the offers made."""
        made = [event for event in self.duel.told if isinstance(event, OfferMade)]
        return made[:: len(made) // OFFERS_MAX + 1]


def differing(names: list[str], winner: tuple[Any, ...], loser: tuple[Any, ...]) -> tuple[str, Any] | None:
    """Return what the part is called by which one key comes before another, and the difference of credits."""
    for name, one, other in zip(names, winner, loser, strict=True):
        if one != other:
            return (name, abs(one - other) if name == "credit" else None) if one < other else None
    return None


def check_compared(told: Comparison | None, expected: tuple[str, Any] | None, is_passed: bool) -> None:
    assert told is not None
    assert str(told)
    if expected is None:
        assert is_passed
        assert told.criterion is Criterion.PASSED_OVER
        return
    criterion, difference = expected
    assert told.criterion == criterion
    assert told.margin is None or told.margin >= 0
    if difference is not None:
        assert told.margin == difference


def check_in_turn(choice: Choice, moment: Moment) -> None:
    """Compare an offer made in its turn with what the oracle saw."""
    assert (choice.contact_id, choice.agent_id) == moment.least
    in_order = sorted(moment.contacts, key=lambda row: row[2])
    own = next(key for contact_id, key, _ in moment.contacts if contact_id == choice.contact_id)
    others = [row for row in in_order if row[0] != choice.contact_id]
    expected = [(contact_id, is_passed) for contact_id, _, is_passed in others]
    assert [(one.contact_id, one.passed_over) for one in choice.contacts] == expected
    assert choice.contacts_count == len(others)
    for told, (_, key, is_passed) in zip(choice.contacts, others, strict=True):
        # Agents are the same, so that what is behind the contact's own part cannot differ first.
        count = 6 + (moment.names[0] == "rank")
        check_compared(told.lost_by, differing(moment.names[:count], own[:count], key[:count]), is_passed)


def check_agents(choice: Choice, moment: Moment) -> None:
    """Compare agents among whom was chosen, and the others, with what the oracle saw."""
    in_order = sorted(moment.agents, key=lambda row: row[2])
    expected = [(agent_id, is_passed) for agent_id, _, is_passed in in_order]
    assert [(one.agent_id, one.passed_over) for one in choice.agents] == expected
    assert choice.agents[0].agent_id == choice.agent_id
    assert choice.agents[0].lost_by is None
    for told, (_, key, is_passed) in zip(choice.agents[1:], in_order[1:], strict=True):
        check_compared(told.lost_by, differing(moment.names, in_order[0][1], key), is_passed)


def comparable(rules: set[Rule]) -> set[Rule]:
    """Return rules without those on room where an offer of the contact takes room already: it may count, or not."""
    return rules - ROOM if Rule.OFFER_OUT in rules else rules


def check_choice(choice: Choice, moment: Moment) -> None:
    assert (choice.contact_id, choice.agent_id) == (moment.contact_id, moment.agent_id)
    if moment.turn is Turn.DIRECT:
        assert choice.turn in BY_NAME
        assert not choice.contacts
        return
    assert choice.turn is moment.turn
    told = {one.agent_id: {obstacle.rule for obstacle in one.obstacles} for one in choice.excluded}
    assert {one: comparable(rules) for one, rules in told.items()} == {
        one: comparable(set(rules)) for one, rules in moment.excluded.items() if rules
    }
    if moment.turn is Turn.PREEMPTION:
        # Some may have room where more are wanted for the first offers, or must let another contact go first.
        able = {one for one, rules in moment.excluded.items() if not rules} | {one for one, _, _ in moment.agents}
        assert {one.agent_id for one in choice.agents} == able
        assert [(one.contact_id, one.agent_id) for one in choice.victims] == moment.victims
        assert choice.victims[0].agent_id == choice.agent_id
        assert all(one.lost_by is not None and one.lost_by.margin >= 0 for one in choice.victims[1:])  # type: ignore[operator]
        return
    check_agents(choice, moment)
    if moment.turn is Turn.LINE:
        check_in_turn(choice, moment)


@given(RANDOMS)
def test_what_is_told_of_an_offer_is_what_the_oracle_saw(random: Random) -> None:
    past = Past(random)
    for event in past.offers():
        told = explain_decision(past.config, iter(past.commands), event)
        assert told.event == event
        assert told.choice is not None
        check_choice(told.choice, past.model.moments[int(event.offer_id[1:])])
        assert f"{event.contact_id} was offered to {event.agent_id}" in str(told)


@given(RANDOMS)
def test_every_event_is_told_its_command_or_timer(random: Random) -> None:
    past = Past(random)
    for event in past.duel.told[:: len(past.duel.told) // OFFERS_MAX + 1]:
        told = explain_decision(past.config, past.commands, event)
        assert told.event == event
        assert past.seqs[told.call - 1] >= event.seq
        assert told.call == 1 or past.seqs[told.call - 2] < event.seq
        given_command = past.commands[told.call - 1][0]
        if event.cause.startswith("rule:"):
            # A command or a timer is behind it; the event that tells of the rule comes before.
            assert told.command in (None, given_command)
            assert any(isinstance(one, RuleFired) for one in told.led_by)
        else:
            assert told.command == (given_command if event.cause.startswith("command:") else None)
        assert all(one in past.duel.told and one.seq < event.seq and one.at_us == event.at_us for one in told.led_by)
        assert (told.choice is not None) == isinstance(event, OfferMade)
        assert str(told).startswith(f"event {event.seq}: ")
        msgspec.json.encode(told)


@given(RANDOMS)
def test_a_snapshot_is_as_good_as_all_commands_before(random: Random) -> None:
    past = Past(random)
    half = len(past.commands) // 2
    engine = Engine(past.config)
    for command, at_us in past.commands[:half]:
        engine.advance(at_us) if command is None else engine.handle(command, at_us)
    snapshot = engine.snapshot()
    late = [event for event in past.offers() if event.seq > past.seqs[half - 1]]
    for event in late:
        whole = explain_decision(past.config, past.commands, event)
        part = explain_decision(snapshot, iter(past.commands[half:]), event)
        assert part == msgspec.structs.replace(whole, call=whole.call - half)
    if past.seqs[half - 1]:
        with pytest.raises(OutOfRange, match="behind the snapshot"):
            explain_decision(snapshot, past.commands[half:], past.seqs[half - 1])


# ---- by hand

CENTRE: Final = Config(
    channels={"voice": Channel(interrupts=["email"])},
    queues={"q": Queue(select=["skill_sum"], requires="agent.skills.s >= 0", preempt=Preempt.OFFERS)},
    agents={
        "a": Agent(skills={"s": 60}, queues={"q": 1}),
        "b": Agent(skills={"s": 80}, queues={"q": 1}),
        "c": Agent(queues={"q": 2}),
    },
)


def come(agent_id: str) -> SetPresence:
    return SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE)


def call(contact_id: str, **fields: Any) -> EnqueueContact:
    return EnqueueContact(contact_id=contact_id, queue_id="q", channel="voice", **fields)


def explained(seq: int, *commands: Command | None) -> Decision:
    return explain_decision(CENTRE, [(command, at_us) for at_us, command in enumerate(commands, start=10)], seq)


def test_the_runner_up_among_agents_is_told_with_the_margin() -> None:
    told = explained(5, come("a"), come("b"), come("c"), call("x"))
    assert told.choice is not None
    assert told.choice.turn is Turn.LINE
    assert told.choice.runner_up is not None
    assert told.choice.runner_up.agent_id == "a"
    expected = Comparison(
        criterion=Criterion.SKILL_SUM, winner=Decimal(80), loser=Decimal(60), margin=Decimal(20), unit="levels"
    )
    assert told.choice.runner_up.lost_by == expected
    assert [one.lost_by and one.lost_by.criterion for one in told.choice.agents] == [None, "skill_sum", "rank"]
    assert told.choice.next_contact is None
    assert [one.seq for one in told.led_by] == [4]
    assert (
        str(told)
        == """event 5: offer.made offer o1 contact x agent b at 13 µs
caused by command:4, contact.enqueue
led to by:
  event 4: contact.queued contact x queue q
x was offered to b in its turn
candidates: b, a, c
  b before a by skill_sum: levels of 80 against 60 in all, 20 more
  b before c by rank: rank 1 against 2
no other contact could have had b"""
    )


def test_the_next_contact_is_told_with_the_margin() -> None:
    told = explained(5, call("x"), call("y"), call("vip", head_start_us=1_000), come("a"))
    assert told.choice is not None
    assert told.choice.contact_id == "vip"
    assert told.choice.next_contact is not None
    assert told.choice.next_contact.contact_id == "x"
    assert str(told.choice.next_contact.lost_by) == "credit of 1001 µs against 3 µs, 998 µs more"
    assert told.choice.contacts_count == 2
    assert [one.agent_id for one in told.choice.excluded] == ["b", "c"]


def test_who_gave_way_is_told_and_what_took_its_place() -> None:
    commands = [come("a"), call("x"), come("b"), call("y"), call("vip", tier=1)]
    taken = explained(8, *commands)
    assert isinstance(taken.event, OfferRescinded)
    assert isinstance(taken.replaced_by, OfferMade)
    assert (taken.event.contact_id, taken.replaced_by.contact_id) == ("y", "vip")
    told = explained(9, *commands)
    assert told.choice is not None
    assert told.choice.turn is Turn.PREEMPTION
    assert [(one.contact_id, one.offer_id) for one in told.choice.victims] == [("y", "o2"), ("x", "o1")]
    assert str(told.choice.victims[1].lost_by) == "begun 2 µs later"
    assert "gave way: offer o2 of y with b, of tier 0" in str(told)


def test_contacts_that_must_let_another_channel_go_first_are_told() -> None:
    mail = EnqueueContact(contact_id="mail", queue_id="q", channel="email")
    told = explained(4, mail, call("x"), come("a"))
    assert told.choice is not None
    assert [(one.contact_id, one.passed_over) for one in told.choice.contacts] == [("mail", True)]
    assert told.choice.next_contact is None
    assert "x before mail by passed_over: the other came first in line" in str(told)


def test_a_pick_is_told_as_chosen() -> None:
    commands = [come("a"), come("b"), call("x"), PickContact(contact_id="x", agent_id="a")]
    told = explained(5, *commands)
    assert told.choice is not None
    assert (told.choice.turn, told.choice.agent_id) == (Turn.PICK, "a")
    assert all(one.lost_by is None for one in told.choice.agents)
    assert "x was offered to a out of turn, as the agent picked it" in str(told)


def test_an_expired_offer_is_told_the_timer_and_what_followed_is_told_the_offer() -> None:
    commands = [(come("a"), 0), (call("x"), 0), (None, 30_000_000)]
    expired, away = (explain_decision(CENTRE, commands, seq) for seq in (4, 5))
    assert (expired.command, expired.led_by, expired.call) == (None, [], 3)
    assert "caused by timer:offer: the time of an offer was over" in str(expired)
    assert [one.seq for one in away.led_by] == [4]


# ---- what is wrong


def test_what_is_no_event_of_the_run_raises() -> None:
    commands = [(come("a"), 1)]
    for seq in (0, -1, 2**63):
        with pytest.raises(OutOfRange, match=r"^event must be an integer from 1"):
            explain_decision(CENTRE, commands, seq)
    for wrong in (True, "1", 1.0, None):
        with pytest.raises(WrongType, match=r"^event must be an integer"):
            explain_decision(CENTRE, commands, wrong)  # type: ignore[arg-type]
    with pytest.raises(EventNotReached, match="event 2 is not reached: 1 commands give 1 events, up to 1 µs"):
        explain_decision(CENTRE, commands, 2)
    with pytest.raises(WrongType, match=r"^origin must be a Config"):
        explain_decision({}, commands, 1)  # type: ignore[arg-type]
    with pytest.raises(SnapshotError):
        explain_decision(b"", commands, 1)
    with pytest.raises(WrongType, match=r"^commands must be pairs"):
        explain_decision(Config(), 5, 1)  # type: ignore[arg-type]
    with pytest.raises(WrongType, match=r"^commands\[1\] must be a tuple"):
        explain_decision(CENTRE, [*commands, come("a")], 2)  # type: ignore[list-item]


def test_a_replay_that_is_not_what_happened_raises() -> None:
    commands: list[tuple[Command | None, int]] = [(call("x", attributes={"n": 1}), 1), (come("a"), 2)]
    told = explain_decision(CENTRE, commands, 3).event
    with pytest.raises(ReplayDiverged, match="event 3 of the replay is OfferMade"):
        explain_decision(CENTRE, [(commands[0][0], 2), (commands[1][0], 3)], told)
    wrong = call("y", requires="agent.skills.nobody > 1")
    with pytest.raises(ReplayDiverged, match=r"commands\[0\] raises UnknownName"):
        explain_decision(CENTRE, [(wrong, 1), *commands], 3)
    assert explain_decision(CENTRE, [(wrong, 1), *commands], told, pass_over_errors=True).event == told


def test_a_long_run_is_replayed_in_parts() -> None:
    commands = [(PauseQueue(queue_id="q") if at % 2 else OpenQueue(queue_id="q"), at) for at in range(1, 5_001)]
    told = explain_decision(CENTRE, iter([*commands, (come("a"), 6_000), (call("x"), 6_001)]), 5_003)
    assert isinstance(told.event, OfferMade)
    assert (told.call, told.event.cause) == (5_002, "command:5002")
