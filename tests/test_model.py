"""The oracle itself, by examples worked by hand from the rules; times are microseconds, small enough to add up."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    CancelContact,
    Command,
    CompleteContact,
    DeclineOffer,
    EndWrapUp,
    ExtendWrapUp,
    HoldContact,
    OpenQueue,
    PauseQueue,
    TransferContact,
)
from ccroute.config.structs import Agent, AgentChannel, AgentQueue, Channel, Config, EngineSettings, Offer, Queue
from ccroute.events import (
    CommandRepeated,
    ContactActive,
    ContactClosed,
    ContactQueued,
    Event,
    LegEnded,
    OfferMade,
    PresenceChanged,
)
from ccroute.types import KeepsPlace, LegEnd, OfferMode, PendingOffers, Presence, RefusalReason
from tests.examples import AUTO, RING, arrive, available, away, offline, pairs_made, reason, tags
from tests.model import Model, TimeJumpError


def world(queue: Queue | None = None, agents: int = 1, engine: EngineSettings | None = None, **other: Any) -> Config:
    """Return a centre with queues ``q`` and ``r`` and some agents who serve both."""
    queues = {"q": queue or Queue(offer=RING), "r": other.pop("r", Queue(offer=RING))}
    given: dict[str, Agent] = other.pop("agent", {})
    names = [f"a{number}" for number in range(agents)]
    return Config(
        engine=engine or EngineSettings(),
        queues=queues,
        agents={name: given.get(name, Agent(queues={"q": 1, "r": 1})) for name in names},
        **other,
    )


def test_first_come_is_first_served() -> None:
    model = Model(world())
    model.handle(arrive("late-id-first"), 1)
    model.handle(arrive("b"), 2)
    events = model.handle(available("a0"), 3)
    assert events == [
        PresenceChanged(
            seq=3,
            at_us=3,
            cause="command:3",
            agent_id="a0",
            presence=Presence.AVAILABLE,
            label=None,
            previous=Presence.OFFLINE,
        ),
        OfferMade(
            seq=4,
            at_us=3,
            cause="command:3",
            offer_id="o1",
            contact_id="late-id-first",
            agent_id="a0",
            queue_id="q",
            channel="voice",
            customer_id=None,
            mode=OfferMode.RING,
            rank=1,
            cost=100,
            expires_at_us=13,
            victim=None,
        ),
    ]
    assert model.next_at_us() == 13


def test_a_head_start_counts_as_having_come_earlier_and_a_tie_goes_to_the_earlier_contact() -> None:
    model = Model(world())
    model.handle(arrive("plain"), 10)
    model.handle(arrive("vip", head_start_us=5), 15)
    model.handle(arrive("vip-too", head_start_us=6), 15)
    events = model.handle(available("a0"), 20)
    assert pairs_made(events) == [("vip-too", "a0")]
    events = model.handle(CancelContact(contact_id="vip-too"), 20)
    assert pairs_made(events) == [("plain", "a0")]


def test_tier_goes_before_rank_and_rank_before_credit() -> None:
    agent = Agent(queues={"q": 1, "r": 2})
    model = Model(world(agent={"a0": agent}))
    model.handle(arrive("old-backup", "r"), 0)
    model.handle(arrive("own"), 50)
    model.handle(arrive("high-backup", "r", tier=1), 60)
    assert pairs_made(model.handle(available("a0"), 70)) == [("high-backup", "a0")]
    assert pairs_made(model.handle(CancelContact(contact_id="high-backup"), 70)) == [("own", "a0")]
    assert pairs_made(model.handle(CancelContact(contact_id="own"), 70)) == [("old-backup", "a0")]


def test_ageing_slopes_cross_and_are_compared_exactly() -> None:
    config = world(Queue(offer=RING, ageing=1_001), r=Queue(offer=RING, ageing=1_000))
    model = Model(config)
    model.handle(arrive("slow", "r"), 0)
    model.handle(arrive("fast"), 1)
    # At 1 001 both have a credit of 1 001: slow 1 001 × 1.000, fast 1 000 × 1.001; the earlier contact wins.
    assert pairs_made(model.handle(available("a0"), 1_001)) == [("slow", "a0")]
    model = Model(config)
    model.handle(arrive("slow", "r"), 0)
    model.handle(arrive("fast"), 1)
    assert pairs_made(model.handle(available("a0"), 1_002)) == [("fast", "a0")]


def test_negative_ageing_is_last_in_first_out() -> None:
    model = Model(world(Queue(offer=RING, ageing=-1_000)))
    model.handle(arrive("first"), 0)
    model.handle(arrive("second"), 1)
    assert pairs_made(model.handle(available("a0"), 2)) == [("second", "a0")]


@pytest.mark.parametrize(
    ("select", "chosen"),
    [
        ("longest_idle", "a1"),
        ("least_loaded", "a1"),
        ("most_skilled", "a1"),
        ("least_skilled", "a2"),
        ("round_robin", "a1"),
        ("fewest_handled", "a1"),
        ("in_order", "a2"),
        ("best_score", "a0"),
        (["idle asc"], "a2"),
        (["load desc"], "a0"),
        (["last_offer desc"], "a2"),
        (["handled desc", "listed asc"], "a2"),
        (["handled desc", "listed desc"], "a0"),
        (["listed desc"], "a1"),
        (["given_score asc"], "a2"),
        (["score"], "a2"),
        (["score asc"], "a1"),
    ],
)
def test_select_key_chooses_the_agent(select: str | list[str], chosen: str) -> None:
    # Worked by hand: a2 came at 0, a0 at 1, a1 at 2; a0 and a2 took a contact each, at 3 and 4; a0 holds 20 of 100
    # units still, a2 ended its contact at 5; so longest idle is a1, then a0, then a2. The requirement names skill s,
    # of which they have 50, 70 and none.
    queue = Queue(
        offer=AUTO,
        select=select,
        requires="agent.skills.s >= 0",
        order_list=["a2", "a0"],
        score="5 - agent.attributes.n" if select != "best_score" else None,
    )
    agents = {
        "a0": Agent(queues={"q": 1, "r": 1}, skills={"s": 50}, attributes={"n": 4}),
        "a1": Agent(queues={"q": 1, "r": 1}, skills={"s": 70}),
        "a2": Agent(queues={"q": 1, "r": 1}, attributes={"n": 3}),
    }
    model = Model(world(queue, 3, agent=agents, r=Queue(offer=AUTO)))
    for at_us, agent in enumerate(("a2", "a0", "a1")):
        model.handle(available(agent), at_us)
    others = ["a1", "a2"]
    assert pairs_made(model.handle(arrive("x", "r", "email", excluded=others), 3)) == [("x", "a0")]
    assert pairs_made(model.handle(arrive("y", "r", "email", excluded=["a0", "a1"]), 4)) == [("y", "a2")]
    model.handle(CompleteContact(contact_id="y"), 5)
    scores = {"a0": 3, "a1": 1, "a2": -1}
    assert pairs_made(model.handle(arrive("z", channel="email", scores=scores), 6)) == [("z", chosen)]


def test_ring_expires_cools_down_and_puts_away() -> None:
    model = Model(world(Queue(offer=RING, cooldown_us=7)))
    model.handle(available("a0"), 0)
    model.handle(arrive("c"), 1)
    events = model.advance(100)
    assert tags(events) == ["offer.expired", "agent.presence_changed"]
    assert [(event.at_us, event.cause, event.actor) for event in events] == [(11, "timer:offer", None)] * 2
    assert isinstance(events[1], PresenceChanged)
    assert (events[1].presence, events[1].label) == (Presence.AWAY, "no_answer")
    assert model.next_at_us() is None
    assert pairs_made(model.handle(available("a0"), 100)) == [("c", "a0")]


def test_third_expiry_of_a_chat_puts_away_and_an_accept_starts_the_count_anew() -> None:
    model = Model(world(Queue(offer=RING, cooldown_us=0)))
    model.handle(available("a0"), 0)
    model.handle(arrive("c", channel="chat"), 0)
    events = model.advance(29)
    assert tags(events) == ["offer.expired", "offer.made"] * 2
    assert [event.at_us for event in events] == [10, 10, 20, 20]
    model.handle(AcceptOffer(offer_id="o3"), 29)
    model.handle(CompleteContact(contact_id="c"), 30)
    model.handle(arrive("d", channel="chat"), 30)
    assert tags(model.advance(59)) == ["offer.expired", "offer.made"] * 2
    assert tags(model.advance(60)) == ["offer.expired", "agent.presence_changed"]


def test_put_away_takes_back_the_other_offers_and_drops_the_next_presence() -> None:
    agent = Agent(queues={"q": 1, "r": 1}, offers_max=2, capacity=300)
    model = Model(world(r=Queue(offer=Offer(offer_timeout_us=50), offers_max_per_contact=1), agent={"a0": agent}))
    model.handle(available("a0"), 0)
    model.handle(arrive("work"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(arrive("other", "r"), 0)
    model.handle(arrive("rings"), 0)
    model.handle(offline("a0", next_=True), 1)
    events = model.advance(10)
    assert tags(events) == ["offer.expired", "agent.presence_changed", "offer.rescinded", "offer.exhausted"]
    assert tags(model.handle(CompleteContact(contact_id="work"), 11)) == ["leg.ended", "contact.closed"]


def test_declined_contact_goes_to_another_agent_and_back_after_the_cooldown() -> None:
    model = Model(world(Queue(offer=Offer(offer_timeout_us=50), cooldown_us=7), agents=2))
    model.handle(available("a0"), 0)
    model.handle(arrive("c"), 1)
    events = model.handle(DeclineOffer(offer_id="o1", reason="busy", actor="a0"), 2)
    assert tags(events) == ["offer.declined"]
    assert model.next_at_us() == 9
    events = model.advance(9)
    assert [(event.cause, event.actor) for event in events] == [("timer:cooldown", None)]
    assert pairs_made(events) == [("c", "a0")]
    events = model.handle(DeclineOffer(offer_id="o2", next_presence=Presence.AWAY), 10)
    assert tags(events) == ["offer.declined", "agent.presence_changed"]
    assert pairs_made(model.handle(available("a1"), 11)) == [("c", "a1")]


def test_exhausted_is_told_once_per_queue_and_offers_go_on() -> None:
    model = Model(world(Queue(offer=RING, cooldown_us=0, offers_max_per_contact=2, away_after=0)))
    model.handle(available("a0"), 0)
    model.handle(arrive("c"), 0)
    told = [(event.at_us, tag) for event in model.advance(40) for tag in tags([event]) if tag != "offer.made"]
    assert told == [
        (10, "offer.expired"),
        (20, "offer.expired"),
        (20, "offer.exhausted"),
        (30, "offer.expired"),
        (40, "offer.expired"),
    ]


def test_wrap_up_holds_units_and_ends_by_its_own_time() -> None:
    model = Model(world(Queue(offer=AUTO, wrap_up_us=5)))
    model.handle(available("a0"), 0)
    model.handle(arrive("c"), 1)
    events = model.handle(CompleteContact(contact_id="c", disposition="sold", actor="a0"), 4)
    assert tags(events) == ["leg.wrap_up_started"]
    assert tags(model.handle(arrive("d"), 5)) == ["contact.queued"]
    model.handle(ExtendWrapUp(contact_id="c", agent_id="a0", wrap_up_us=2), 6)
    assert model.advance(10) == []
    events = model.advance(11)
    assert tags(events) == [
        "leg.wrap_up_ended",
        "leg.ended",
        "contact.closed",
        "offer.made",
        "offer.accepted",
        "contact.active",
    ]
    assert {event.cause for event in events} == {"timer:wrap_up"}
    assert events[1] == LegEnded(
        seq=10,
        at_us=11,
        cause="timer:wrap_up",
        contact_id="c",
        agent_id="a0",
        reason=LegEnd.COMPLETED,
        began_at_us=1,
        handled_us=3,
    )
    assert isinstance(events[2], ContactClosed)
    assert (events[2].disposition, events[2].waited_us) == ("sold", 0)
    assert isinstance(events[5], ContactActive)
    assert events[5].waited_us == 6


def test_unlimited_wrap_up_ends_by_command_only() -> None:
    model = Model(world(Queue(offer=AUTO, wrap_up_us="unlimited")))
    model.handle(available("a0"), 0)
    model.handle(arrive("c"), 0)
    model.handle(CompleteContact(contact_id="c"), 1)
    assert model.next_at_us() is None
    assert reason(model.handle(AbandonContact(contact_id="c"), 2)) == RefusalReason.CONTACT_ACTIVE
    events = model.handle(EndWrapUp(contact_id="c", agent_id="a0"), 9)
    assert tags(events) == ["leg.wrap_up_ended", "leg.ended", "contact.closed"]


@pytest.mark.parametrize(("keeps_place", "place"), [("waited", 7), ("age", 1), ("none", 10)])
def test_transfer_sets_the_place(keeps_place: str, place: int) -> None:
    model = Model(world(r=Queue(offer=AUTO, keeps_place=KeepsPlace(keeps_place), cooldown_us=4)))
    model.handle(arrive("c"), 1)
    model.handle(available("a0"), 2)
    model.handle(AcceptOffer(offer_id="o1"), 4)  # waited 3
    events = model.handle(TransferContact(contact_id="c", agent_id="a0", to_queue="r"), 10)
    assert tags(events) == ["contact.transferred", "leg.ended", "contact.queued"]
    assert isinstance(events[2], ContactQueued)
    assert events[2].place_at_us == place
    events = model.advance(14)
    assert pairs_made(events) == [("c", "a0")]
    assert isinstance(events[2], ContactActive)
    assert events[2].waited_us == 3 + 4


def test_giver_that_wraps_up_is_not_offered_the_contact_and_its_leg_outlives_the_abandoned_contact() -> None:
    queue = Queue(offer=AUTO, wrap_up_us=20)
    model = Model(world(queue, r=Queue(offer=AUTO, cooldown_us=0), engine=EngineSettings(retain_us=5)))
    model.handle(available("a0"), 0)
    model.handle(arrive("c", channel="email"), 0)
    events = model.handle(TransferContact(contact_id="c", agent_id="a0", to_queue="r"), 1)
    # An email takes 20 of 100 units and there is no cool-down, so only the leg keeps the agent from it.
    assert tags(events) == ["contact.transferred", "leg.wrap_up_started", "contact.queued"]
    assert tags(model.handle(AbandonContact(contact_id="c"), 2)) == ["contact.abandoned"]
    assert reason(model.handle(arrive("c"), 3)) == RefusalReason.CONTACT_EXISTS
    assert reason(model.handle(AbandonContact(contact_id="c"), 3)) == RefusalReason.CONTACT_ENDED
    hold = HoldContact(contact_id="c", agent_id="a0")
    assert reason(model.handle(hold, 3)) == RefusalReason.LEG_WRAPPING
    assert tags(model.advance(21)) == ["leg.wrap_up_ended", "leg.ended"]
    assert reason(model.handle(hold, 25)) == RefusalReason.CONTACT_ENDED
    assert reason(model.handle(hold, 26)) == RefusalReason.UNKNOWN_CONTACT


def test_next_presence_waits_for_the_last_leg_and_tells_who_ended_it() -> None:
    model = Model(world(agent={"a0": Agent(queues={"q": 1}, capacity=300, offers_max=2)}))
    model.handle(available("a0"), 0)
    model.handle(arrive("c"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(arrive("d"), 1)
    events = model.handle(away("a0", next_=True, label="lunch", actor="boss"), 2)
    assert tags(events) == ["agent.next_presence_set"]
    assert tags(model.handle(arrive("e"), 3)) == ["contact.queued"]
    events = model.handle(CompleteContact(contact_id="c", actor="a0"), 4)
    assert tags(events) == ["leg.ended", "contact.closed", "agent.presence_changed", "offer.rescinded"]
    assert {(event.cause, event.actor) for event in events} == {("command:7", "a0")}


def test_own_leaving_declines_a_supervisors_rescinds_and_refuse_refuses() -> None:
    config = world(Queue(offer=Offer(offer_timeout_us=1_000), cooldown_us=0))
    for actor, offers, expected in (
        (None, None, ["agent.presence_changed", "offer.declined"]),
        ("a0", None, ["agent.presence_changed", "offer.declined"]),
        ("boss", None, ["agent.presence_changed", "offer.rescinded"]),
        ("boss", PendingOffers.DECLINE, ["agent.presence_changed", "offer.declined"]),
        (None, PendingOffers.KEEP, ["agent.presence_changed"]),
        (None, PendingOffers.REFUSE, ["command.refused"]),
    ):
        model = Model(config)
        model.handle(available("a0"), 0)
        model.handle(arrive("c"), 0)
        events = model.handle(away("a0", actor=actor, offers=offers), 1)
        assert tags(events) == expected, (actor, offers)


def test_kept_offer_may_be_accepted_while_away() -> None:
    model = Model(world())
    model.handle(available("a0"), 0)
    model.handle(arrive("c"), 0)
    model.handle(away("a0", offers=PendingOffers.KEEP), 1)
    assert tags(model.handle(AcceptOffer(offer_id="o1"), 2)) == ["offer.accepted", "contact.active"]


def test_timers_of_one_instant_fire_in_arming_order_before_one_decision() -> None:
    agents = {f"a{number}": Agent(queues={"q": 1, "r": 1}, capacity=100) for number in range(2)}
    model = Model(world(Queue(offer=AUTO, wrap_up_us=5), 2, agent=agents))
    model.handle(available("a1"), 0)
    model.handle(available("a0"), 0)
    model.handle(arrive("c"), 0)
    model.handle(arrive("d"), 0)
    model.handle(CompleteContact(contact_id="d"), 1)
    model.handle(CompleteContact(contact_id="c"), 1)
    model.handle(arrive("e"), 2)
    events = model.advance(9)
    ended = [event.agent_id for event in events if isinstance(event, LegEnded)]
    assert ended == ["a1", "a0"]
    # Both end at one instant, so idle since is equal and the agent seq decides, for the contact that waited.
    assert pairs_made(events) == [("e", "a0")]


def test_polling_before_the_deadline_changes_nothing() -> None:
    def run(*polls: int) -> list[Event]:
        model = Model(world(Queue(offer=RING, cooldown_us=3, away_after=0)))
        model.handle(available("a0"), 0)
        model.handle(arrive("c"), 0)
        return [event for to_us in polls for event in model.advance(to_us)]

    assert run(40) == run(5, 10, 11, 12, 13, 40)


def test_an_earlier_time_counts_as_the_present() -> None:
    model = Model(world())
    model.advance(50)
    (event,) = model.handle(arrive("c"), 7)
    assert event.at_us == 50


def test_units_channel_maxima_and_costs_bound_what_an_agent_gets() -> None:
    agent = Agent(
        queues={"q": AgentQueue(rank=2)},
        capacity=100,
        channels={"chat": AgentChannel(cost=25, max=2), "email": AgentChannel(), "fax": AgentChannel(blocked=True)},
        channels_closed=True,
    )
    config = world(Queue(offer=AUTO, cost=40), agent={"a0": agent}, channels={"email": Channel(cost=90)})
    model = Model(config)
    model.handle(available("a0"), 0)
    for number, (channel, cost, taken) in enumerate(
        (
            ("voice", None, None),  # not in the closed list
            ("fax", None, None),  # blocked
            ("chat", None, 25),  # agent × channel before queue
            ("chat", 51, 51),  # the contact's own before all
            ("chat", 0, None),  # two chats are the most
            ("email", None, None),  # the queue's 40 do not fit into 24
            ("email", 24, 24),
        )
    ):
        events = model.handle(arrive(f"c{number}", channel=channel, cost=cost), number)
        made = [event.cost for event in events if isinstance(event, OfferMade)]
        assert made == ([] if taken is None else [taken]), number


def test_cancel_ends_wrapping_legs_without_wrap_up_and_frees_the_id() -> None:
    model = Model(world(Queue(offer=AUTO, wrap_up_us=9), r=Queue(cooldown_us=0, offer=RING), agents=2))
    model.handle(available("a0"), 0)
    model.handle(arrive("c"), 0)
    model.handle(TransferContact(contact_id="c", agent_id="a0", to_queue="r"), 1)
    model.handle(offline("a0", next_=True), 2)
    model.handle(available("a1"), 3)
    events = model.handle(CancelContact(contact_id="c"), 4)
    assert tags(events) == ["contact.cancelled", "offer.rescinded", "leg.ended", "agent.presence_changed"]
    ended = events[2]
    assert isinstance(ended, LegEnded)
    assert (ended.reason, ended.handled_us) == (LegEnd.CANCELLED, 1)
    assert tags(model.handle(arrive("c", "r"), 4)) == ["contact.queued", "offer.made"]
    assert model.counters() == {"created": 2, "closed": 0, "abandoned": 0, "cancelled": 1, "expired": 0, "inside": 1}


def test_repeat_within_the_window_is_told_and_not_done() -> None:
    model = Model(world(engine=EngineSettings(command_ids_max=1)))
    model.handle(arrive("c", command_id="k"), 0)
    (event,) = model.handle(arrive("c", command_id="k", actor="web"), 1)
    assert event == CommandRepeated(
        seq=2, at_us=1, cause="command:2", actor="web", command_id="k", first_seq=1, count=1
    )
    model.handle(PauseQueue(queue_id="q", command_id="l"), 1)
    assert reason(model.handle(arrive("c", command_id="k"), 2)) == RefusalReason.CONTACT_EXISTS


def test_paused_queue_takes_contacts_and_lets_offers_stand() -> None:
    model = Model(world(agents=2))
    model.handle(available("a0"), 0)
    model.handle(arrive("c"), 0)
    model.handle(PauseQueue(queue_id="q"), 1)
    model.handle(available("a1"), 1)
    assert tags(model.handle(arrive("d"), 2)) == ["contact.queued"]
    assert reason(model.handle(PauseQueue(queue_id="q"), 2)) == RefusalReason.QUEUE_PAUSED
    assert tags(model.handle(AcceptOffer(offer_id="o1"), 2)) == ["offer.accepted", "contact.active"]
    assert tags(model.handle(OpenQueue(queue_id="q"), 3)) == ["queue.opened", "offer.made"]
    assert reason(model.handle(OpenQueue(queue_id="q"), 3)) == RefusalReason.QUEUE_OPEN


def test_long_absence_sends_to_the_end_of_the_idle_order_and_a_short_one_does_not() -> None:
    for absence, first in ((10, "a0"), (11, "a1")):
        model = Model(world(agents=2, engine=EngineSettings(idle_grace_us=10)))
        model.handle(available("a0"), 0)
        model.handle(available("a1"), 1)
        model.handle(away("a0"), 5)
        model.handle(available("a0"), 5 + absence)
        assert pairs_made(model.handle(arrive("c"), 30)) == [("c", first)]


def test_limits_on_contacts_forget_the_retained_first_and_then_refuse() -> None:
    model = Model(world(engine=EngineSettings(contacts_max=2)))
    for name in ("x", "y"):
        model.handle(arrive(name), 0)
        model.handle(AbandonContact(contact_id=name), 0)
    model.handle(arrive("c"), 1)
    assert reason(model.handle(CancelContact(contact_id="x"), 1)) == RefusalReason.UNKNOWN_CONTACT
    assert reason(model.handle(CancelContact(contact_id="y"), 1)) == RefusalReason.CONTACT_ENDED
    model.handle(arrive("d"), 1)
    assert reason(model.handle(arrive("e"), 1)) == RefusalReason.CONTACTS_MAX


def test_jump_beyond_the_limit_raises_but_for_the_first_call() -> None:
    model = Model(world(engine=EngineSettings(jump_max_us=10)))
    model.advance(1_000)
    with pytest.raises(TimeJumpError):
        model.advance(1_011)
    model.advance(1_010)
    model.advance(9_999, allow_jump=True)
    assert model.now == 9_999


def test_a_batch_is_carried_out_in_turn() -> None:
    pairs: list[tuple[Command, int]] = [(available("a0"), 1), (arrive("c"), 1), (PauseQueue(queue_id="q"), 50)]
    one_by_one, at_once = Model(world()), Model(world())
    expected = [one_by_one.handle(command, at_us) for command, at_us in pairs]
    assert [len(events) for events in expected] == [1, 2, 3]
    assert at_once.handle_many(pairs) == expected


def test_commands_on_what_has_ended_are_refused_with_that() -> None:
    model = Model(world(Queue(offer=AUTO)))
    model.handle(available("a0"), 0)
    model.handle(arrive("c"), 0)
    model.handle(CompleteContact(contact_id="c"), 1)
    assert reason(model.handle(CompleteContact(contact_id="c"), 2)) == RefusalReason.CONTACT_ENDED
    assert reason(model.handle(EndWrapUp(contact_id="c", agent_id="a0"), 2)) == RefusalReason.CONTACT_ENDED
    assert reason(model.handle(AcceptOffer(offer_id="o1"), 2)) == RefusalReason.OFFER_ENDED
    assert reason(model.handle(AcceptOffer(offer_id="o2"), 2)) == RefusalReason.UNKNOWN_OFFER


def test_endless_extension_takes_the_end_of_a_wrap_up_away() -> None:
    model = Model(world(Queue(offer=AUTO, wrap_up_us=5)))
    model.handle(available("a0"), 0)
    model.handle(arrive("c"), 0)
    model.handle(CompleteContact(contact_id="c"), 1)
    for more in ("unlimited", 7):
        assert tags(model.handle(ExtendWrapUp(contact_id="c", agent_id="a0", wrap_up_us=more), 2)) == [
            "leg.wrap_up_extended"
        ]
        assert model.next_at_us() is None
