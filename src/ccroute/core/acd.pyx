"""The automatic contact distributor: the whole state machine over integers. Commands in, decision records out.

Building a floor (channels, selects, queues, policies, profiles, agents, classes) is Python-callable; commands are C calls,
for the compiled intake of the engine and for the compiled loops of simulation. Arguments were validated by the caller.
Every command reserves memory first, so it either happens whole or raises ``MemoryError`` with nothing moved; if memory runs
out later, in a decision, ``is_torn`` is set and the caller must not go on.
"""

cimport cython
from libc.string cimport memcpy, memset

from ccroute.core.bars cimport bar_add, bar_find
from ccroute.core.decision cimport run_until, settle
from ccroute.core.defs cimport (
    AVAILABLE, BAR_EXCLUDED, CAUSE_COMMAND, CONTACT_ACTIVE, CONTACT_FREE, CONTACT_QUEUED, LEG_ACTIVE, LEG_HELD,
    NONE, ORDERS_MAX, PENDING_DECLINE, PENDING_REFUSE, REASON_CONTACT_ENDED, REASON_CONTACT_QUEUED,
    REASON_OFFERS_PENDING, REASON_OFFER_ENDED, REASON_QUEUE_OPEN, REASON_QUEUE_PAUSED, RECORD_HELD, RECORD_RESUMED,
    REFUSED_NOT, SELECT_LISTED, SELECT_SKILL_SUM, UNKNOWN_OFFER, WHY_CONTACT_STATE, WHY_OFFER_OUT, WHY_QUEUE_PAUSED,
    Agent, Bar, Contact, ContactClass, Given, Leg, Offer, Policy, Queue, Record, Select, Timer, agent_at, bar_at,
    contact_at, counts_at, given_at, int8_t, joined, leg_at, offer_at, timer_at, u128, uint64_t, write,
)
from ccroute.core.legs cimport leg_find, leg_first
from ccroute.core.lives cimport (
    contact_forget, do_abandon, do_accept, do_cancel, do_complete, do_decline, do_end_wrap_up, do_extend_wrap_up,
    do_next_presence, do_pause, do_presence, do_transfer, queue_enter, step_ready, step_reserve,
)
from ccroute.core.matching cimport row_clear, row_set, why_not
from ccroute.core.offers cimport offer_find, offers_close, offers_open
from ccroute.core.roster cimport (
    agent_attach, agent_detach, agent_open, cost_for, kind_of, profile_open, roster_close, roster_open,
)
from ccroute.core.store cimport (
    fresh, grow, release, store_bytes, store_close, store_has, store_next, store_open, store_reserve, store_take,
)
from ccroute.core.timers cimport timers_next, timers_open
from ccroute.core.waiting cimport aged, class_close, class_open, waited_by, waiting_close, waiting_open

from ccroute.core.table import CONTACT_STATES, CONTACT_TABLE, LEG_STATES, LEG_TABLE
from ccroute.types import RefusalReason

cdef enum:
    SLOT_BITS = 24
    SLOT_MASK = 16777215
    STORE_MAX = 16777216

# The refusals of table.py as codes, read once.
cdef int8_t[3][6] CONTACT_REFUSALS
cdef int8_t[6][4] LEG_REFUSALS


def _code(outcome: str) -> int:
    """Return the refusal's code, 0 where the outcome is a state."""
    return list(RefusalReason).index(RefusalReason(outcome[1:])) + 1 if outcome.startswith("!") else 0


def _read_tables() -> None:
    cdef int row, column
    for row, command in enumerate(("contact.enqueue", "contact.abandon", "contact.cancel")):
        for column, state in enumerate(CONTACT_STATES):
            CONTACT_REFUSALS[row][column] = _code(CONTACT_TABLE[command][state])
    on_legs = ("leg.hold", "leg.resume", "contact.complete", "contact.transfer", "leg.end_wrap_up", "leg.extend_wrap_up")
    for row, command in enumerate(on_legs):
        for column, state in enumerate(LEG_STATES):
            LEG_REFUSALS[row][column] = _code(LEG_TABLE[command][state])


_read_tables()


cdef inline int room(int status) except -1:
    """Turn a kernel's -1 into MemoryError."""
    if status < 0:
        raise MemoryError("the core has no memory for this call; nothing has moved")
    return status


@cython.final
cdef class Acd:
    """One floor. Slots are dense and start at 0; -1 stands for none."""

    def __cinit__(
        self, *, channels, selects, int contacts_max, int agents_max, int classes_max, int64_t idle_grace_us, int64_t retain_us
    ):
        cdef Floor* floor = &self.floor
        memset(floor, 0, sizeof(Floor))
        floor.idle_grace = idle_grace_us
        floor.retain = retain_us
        floor.next_leg_seq = 1
        floor.channel_count = len(channels)
        for at, (cost, away_after) in enumerate(channels):
            floor.channels[at].cost = cost
            floor.channels[at].away_after = away_after
        self.open_selects(selects)
        room(waiting_open(floor, contacts_max, classes_max))
        room(roster_open(floor, agents_max))
        room(offers_open(floor, STORE_MAX))
        room(store_open(&floor.legs, sizeof(Leg), STORE_MAX))
        room(store_open(&floor.bars, sizeof(Bar), STORE_MAX))
        room(store_open(&floor.timers, sizeof(Timer), STORE_MAX))
        room(store_open(&floor.given, sizeof(Given), contacts_max))
        timers_open(floor)
        room(step_reserve(floor, 1))

    def __dealloc__(self):
        cdef Floor* floor = &self.floor
        cdef int32_t at
        at = store_next(&floor.given, 0)
        while at != NONE:
            release(given_at(floor, at).agents)
            release(given_at(floor, at).scores)
            at = store_next(&floor.given, at + 1)
        waiting_close(floor)
        roster_close(floor)
        offers_close(floor)
        store_close(&floor.legs)
        store_close(&floor.bars)
        store_close(&floor.timers)
        store_close(&floor.given)
        for at in range(floor.select_count):
            release(floor.selects[at].listed)
        release(floor.selects)
        release(floor.queues)
        release(floor.policies)
        release(floor.records)

    # ---- building ----------------------------------------------------------------------------------------------

    cdef int open_selects(self, selects) except -1:
        """Read (keys, reversed, listed positions or None) per select; the first is idle alone. Finds the orders to keep."""
        cdef Floor* floor = &self.floor
        cdef Select* select
        cdef int32_t at
        orders = {(): 0}          # agents' own keys none: within a pool, idle decides
        floor.selects = <Select*>fresh(len(selects), sizeof(Select))
        if floor.selects == NULL:
            raise MemoryError
        for keys, reverses, listed in selects:
            select = &floor.selects[floor.select_count]
            for at in range(len(keys)):
                select.keys[at] = keys[at]
                select.reversed[at] = reverses[at]
            select.count = len(keys)
            select.order = NONE
            own = tuple((key, turn) for key, turn in zip(keys, reverses) if key < SELECT_SKILL_SUM)
            if not any(key >= SELECT_LISTED for key in keys):
                # Within a pool only an agent's own keys differ; the select that has just them defines the order.
                if own in orders:
                    select.order = orders[own]
                elif len(own) == len(keys) and floor.order_count < ORDERS_MAX:
                    select.order = orders[own] = floor.order_count
                    floor.orders[floor.order_count] = floor.select_count
                    floor.order_count += 1
            if listed is not None:
                select.listed_size = len(listed)
                select.listed = <int32_t*>fresh(len(listed), sizeof(int32_t))
                if select.listed == NULL:
                    raise MemoryError
                for at in range(len(listed)):
                    select.listed[at] = listed[at]
            floor.select_count += 1
        return 0

    def add_queue(
        self, *, int select, int mode, int64_t offer_timeout_us, int64_t wrap_up_us, int64_t cooldown_us, int offers_max,
        int away_after, int ageing, int tier, int64_t head_start_us, int cost, int keeps_place, bint paused,
    ) -> int:
        """Add a queue and return its slot; ``wrap_up_us`` -1 is unlimited, ``away_after`` and ``cost`` -1 not given."""
        cdef Floor* floor = &self.floor
        cdef Queue* queue
        room(grow(<void**>&floor.queues, floor.queue_count, floor.queue_count + 1, sizeof(Queue)))
        queue = &floor.queues[floor.queue_count]
        queue.select = select
        queue.mode = mode
        queue.offer_timeout = offer_timeout_us
        queue.wrap_up = wrap_up_us
        queue.cooldown = cooldown_us
        queue.offers_max = offers_max
        queue.away_after = away_after
        queue.ageing = ageing
        queue.tier = tier
        queue.head_start = head_start_us
        queue.cost = cost
        queue.keeps_place = keeps_place
        queue.paused = paused
        floor.queue_count += 1
        return floor.queue_count - 1

    def add_policy(self, uint64_t open_channels, costs, maxes) -> int:
        """Add what some agents take of each channel and return its slot; -1 in a list: not given."""
        cdef Floor* floor = &self.floor
        cdef Policy* policy
        cdef int at
        room(grow(<void**>&floor.policies, floor.policy_count, floor.policy_count + 1, sizeof(Policy)))
        policy = &floor.policies[floor.policy_count]
        policy.open = open_channels
        for at in range(floor.channel_count):
            policy.cost[at] = costs[at]
            policy.max[at] = maxes[at]
        floor.policy_count += 1
        return floor.policy_count - 1

    def add_profile(self) -> int:
        """Add a profile that no class goes with and return its slot."""
        return room(profile_open(&self.floor))

    def add_agent(self, int profile, int policy, int capacity, int offers_max) -> int:
        """Add an agent, offline, and return its slot."""
        return room(agent_open(&self.floor, profile, policy, capacity, offers_max))

    def move_agent(self, int agent, int profile) -> None:
        """Put an agent into another profile that serves the same live classes."""
        agent_detach(&self.floor, agent)
        agent_at(&self.floor, agent).profile = profile
        agent_attach(&self.floor, agent)

    def open_class(self, int queue, int channel, int own_cost) -> int:
        """Open a class nobody serves yet and return its slot; ``own_cost`` -1: contacts bring none."""
        cdef Floor* floor = &self.floor
        cdef int32_t kind = kind_of(floor, channel, own_cost, floor.queues[queue].cost, floor.queues[queue].mode != 0)
        return room(class_open(floor, queue, channel, own_cost, room(kind)))

    def close_class(self, int class_slot) -> None:
        """Free a class without contacts."""
        row_clear(&self.floor, class_slot)
        class_close(&self.floor, class_slot)

    def class_refs(self, int class_slot) -> int:
        """Return the number of live contacts of a class."""
        return self.floor.classes[class_slot].refs

    def serve(self, int class_slot, int rank, profiles) -> None:
        """Say that agents of some profiles (slots) serve a class at a rank."""
        cdef int32_t profile
        for profile in profiles:
            room(row_set(&self.floor, class_slot, profile, rank))

    def value(self, int class_slot, int profile, bint is_score, int64_t value) -> None:
        """State the skill sum or score of a profile for a class whose queue selects by it."""
        cdef ContactClass* one = &self.floor.classes[class_slot]
        cdef int64_t** values = &one.scores if is_score else &one.skill_sums
        if values[0] == NULL:
            values[0] = <int64_t*>fresh(self.floor.profile_capacity, sizeof(int64_t))
            if values[0] == NULL:
                raise MemoryError
        values[0][profile] = value

    # ---- time --------------------------------------------------------------------------------------------------

    cdef int reserve(self, int32_t times) except -1:
        """Make room for ``times`` steps, or raise with nothing moved."""
        return room(step_ready(&self.floor) if times == 1 else step_reserve(&self.floor, times))

    cdef int settle(self) except -1:
        """Decide; a lack of memory here tears the floor."""
        if settle(&self.floor):
            self.is_torn = True
            raise MemoryError("the core has no memory to decide")
        return 0

    cdef int run_until(self, int64_t to) except -1:
        """Fire timers up to a moment and stand there. The first lack of memory with nothing moved leaves the floor usable."""
        if run_until(&self.floor, to):
            self.is_torn = True
            raise MemoryError("the core has no memory for a timer")
        self.floor.cause = CAUSE_COMMAND
        return 0

    cdef void forget_one(self, int32_t slot) noexcept:
        """Forget the contact that ended first."""
        contact_forget(&self.floor, slot)

    # ---- commands ----------------------------------------------------------------------------------------------
    # Each returns a Reason, 0 for done.

    cdef int can_enqueue(self, int32_t contact) noexcept:
        """Say whether the id of this contact (slot, NONE: not known) is free."""
        cdef Contact* one
        if contact == NONE:
            return CONTACT_REFUSALS[COMMAND_ENQUEUE][CONTACT_FREE]
        one = contact_at(&self.floor, contact)
        if one.first_leg != NONE:
            return CONTACT_REFUSALS[COMMAND_ENQUEUE][CONTACT_ACTIVE]
        return CONTACT_REFUSALS[COMMAND_ENQUEUE][one.state]

    cdef int32_t enqueue(
        self, int32_t class_slot, int32_t tier, bint own_tier, int64_t head_start, bint own_head_start,
        int32_t* excluded, int32_t excluded_count, int32_t* scored, int64_t* scores, int32_t scores_count,
    ) except -1:
        """Put a new contact into a class and return its slot. There is a free one."""
        cdef Floor* floor = &self.floor
        cdef ContactClass* one = &floor.classes[class_slot]
        cdef Contact* contact
        cdef Given* given
        cdef int32_t slot, at
        cdef int32_t given_slot = NONE
        self.reserve(1)
        if scores_count:
            room(store_reserve(&floor.given, 1))
            given_slot = store_take(&floor.given)
            given = given_at(floor, given_slot)
            given.agents = <int32_t*>fresh(scores_count, sizeof(int32_t))
            given.scores = <int64_t*>fresh(scores_count, sizeof(int64_t))
            if given.agents == NULL or given.scores == NULL:
                self.is_torn = True
                raise MemoryError
            memcpy(given.agents, scored, scores_count * sizeof(int32_t))
            memcpy(given.scores, scores, scores_count * sizeof(int64_t))
            given.count = scores_count
        slot = store_take(&floor.contacts)
        contact = contact_at(floor, slot)
        contact.seq = floor.next_contact_seq
        floor.next_contact_seq += 1
        floor.tallies[0] += 1
        contact.queue = one.queue
        contact.channel = one.channel
        contact.own_cost = one.own_cost
        contact.tier = tier if own_tier else floor.queues[one.queue].tier
        contact.head_start = head_start if own_head_start else floor.queues[one.queue].head_start
        contact.own_tier = own_tier
        contact.own_head_start = own_head_start
        contact.place_at = floor.now
        contact.waited = floor.now
        contact.first_offer = NONE
        contact.first_leg = NONE
        contact.first_bar = NONE
        contact.scores = given_slot
        for at in range(excluded_count):
            bar_add(floor, slot, excluded[at], BAR_EXCLUDED)
        queue_enter(floor, slot, class_slot)
        self.settle()
        return slot

    cdef int abandon(self, int32_t contact) except -1:
        """The customer left."""
        cdef int reason = CONTACT_REFUSALS[COMMAND_ABANDON][contact_at(&self.floor, contact).state]
        if reason:
            return reason
        self.reserve(1)
        do_abandon(&self.floor, contact)
        self.settle()
        return REFUSED_NOT

    cdef int cancel(self, int32_t contact) except -1:
        """The host takes the contact back."""
        cdef int reason = CONTACT_REFUSALS[COMMAND_CANCEL][contact_at(&self.floor, contact).state]
        cdef int32_t times = 1
        cdef int32_t leg = contact_at(&self.floor, contact).first_leg
        if reason:
            return reason
        while leg != NONE:
            times += 1
            leg = leg_at(&self.floor, leg).next_of_contact
        self.reserve(times)
        do_cancel(&self.floor, contact)
        self.settle()
        return REFUSED_NOT

    cdef int accept(self, int64_t offer) except -1:
        """An agent takes its offer."""
        cdef int32_t slot = offer_find(&self.floor, offer)
        if slot == NONE:
            return REASON_OFFER_ENDED if offer <= self.floor.offers_made else UNKNOWN_OFFER
        self.reserve(1)
        do_accept(&self.floor, slot)
        self.settle()
        return REFUSED_NOT

    cdef int decline(self, int64_t offer, int next_presence, int pending) except -1:
        """An agent lets its offer go, and may say where it will be next (else NONE)."""
        cdef Floor* floor = &self.floor
        cdef int32_t slot = offer_find(floor, offer)
        cdef int32_t agent
        if slot == NONE:
            return REASON_OFFER_ENDED if offer <= floor.offers_made else UNKNOWN_OFFER
        self.reserve(1)
        agent = offer_at(floor, slot).agent
        do_decline(floor, slot)
        if next_presence != NONE:
            if agent_at(floor, agent).legs:
                do_next_presence(floor, agent, next_presence, pending)
            else:
                do_presence(floor, agent, next_presence, pending, 1)
        self.settle()
        return REFUSED_NOT

    cdef int on_leg(self, int command, int32_t contact, int32_t agent, int64_t wrap_up) except -1:
        """Hold, resume, end or extend the wrap-up of an agent's leg."""
        cdef Floor* floor = &self.floor
        cdef int32_t slot = leg_find(floor, contact, agent)
        cdef int reason = LEG_REFUSALS[command][0 if slot == NONE else leg_at(floor, slot).state]
        cdef Record* record
        if reason:
            return self.no_leg(contact, reason)
        self.reserve(1)
        if command == COMMAND_END_WRAP_UP:
            do_end_wrap_up(floor, slot)
        elif command == COMMAND_EXTEND_WRAP_UP:
            do_extend_wrap_up(floor, slot, wrap_up)
        else:
            leg_at(floor, slot).state = LEG_HELD if command == COMMAND_HOLD else LEG_ACTIVE
            record = write(floor, RECORD_HELD if command == COMMAND_HOLD else RECORD_RESUMED)
            record.contact = contact
            record.agent = agent
        self.settle()
        return REFUSED_NOT

    cdef int no_leg(self, int32_t contact, int reason) noexcept:
        """A contact that has ended and has no leg at all says so."""
        cdef Contact* one = contact_at(&self.floor, contact)
        return REASON_CONTACT_ENDED if one.state > CONTACT_ACTIVE and one.first_leg == NONE else reason

    cdef int complete(self, int32_t contact, int32_t agent, int64_t wrap_up, bint own_wrap_up) except -1:
        """The work of one agent, or of all (NONE), is done."""
        cdef Floor* floor = &self.floor
        cdef Contact* one = contact_at(floor, contact)
        cdef int reason = REASON_CONTACT_QUEUED
        cdef int32_t at
        if agent != NONE:
            at = leg_find(floor, contact, agent)
            reason = LEG_REFUSALS[COMMAND_COMPLETE][0 if at == NONE else leg_at(floor, at).state]
        else:
            at = one.first_leg
            while at != NONE and reason:
                reason = LEG_REFUSALS[COMMAND_COMPLETE][leg_at(floor, at).state]
                at = leg_at(floor, at).next_of_contact
        if reason:
            return self.no_leg(contact, reason)
        self.reserve(1)
        do_complete(floor, contact, agent, wrap_up, own_wrap_up)
        self.settle()
        return REFUSED_NOT

    cdef int can_transfer(self, int32_t contact, int32_t agent) noexcept:
        """Say whether an agent may give a contact away."""
        cdef int32_t slot = leg_find(&self.floor, contact, agent)
        cdef int reason = LEG_REFUSALS[COMMAND_TRANSFER][0 if slot == NONE else leg_at(&self.floor, slot).state]
        return self.no_leg(contact, reason) if reason else REFUSED_NOT

    cdef int transfer(self, int32_t contact, int32_t agent, int32_t class_slot, int32_t keeps_place) except -1:
        """Give a contact to the queue of a class; can_transfer said yes. ``keeps_place`` NONE: as the queue says."""
        cdef Floor* floor = &self.floor
        cdef int32_t queue = floor.classes[class_slot].queue
        self.reserve(1)
        if keeps_place == NONE:
            keeps_place = floor.queues[queue].keeps_place
        do_transfer(floor, contact, leg_find(floor, contact, agent), class_slot, queue, keeps_place)
        self.settle()
        return REFUSED_NOT

    cdef int presence(self, int32_t agent, int presence, int pending, bint when_done) except -1:
        """Set an agent's presence, now or when its last leg ends."""
        cdef Floor* floor = &self.floor
        cdef Agent* one = agent_at(floor, agent)
        if when_done and one.legs:
            self.reserve(1)
            do_next_presence(floor, agent, presence, PENDING_DECLINE if pending == PENDING_REFUSE else pending)
        else:
            if pending == PENDING_REFUSE and one.presence == AVAILABLE and presence != AVAILABLE and one.pending:
                return REASON_OFFERS_PENDING
            self.reserve(1)
            do_presence(floor, agent, presence, pending, 1)
        self.settle()
        return REFUSED_NOT

    cdef int pause(self, int32_t queue, bint paused) except -1:
        """Pause or open a queue."""
        if self.floor.queues[queue].paused == paused:
            return REASON_QUEUE_PAUSED if paused else REASON_QUEUE_OPEN
        self.reserve(1)
        do_pause(&self.floor, queue, paused)
        self.settle()
        return REFUSED_NOT

    # ---- handles -----------------------------------------------------------------------------------------------

    cdef int64_t contact_handle(self, int32_t slot) noexcept:
        """Return the handle of a contact: its seq and its slot in one number."""
        return contact_at(&self.floor, slot).seq << SLOT_BITS | slot

    cdef int32_t contact_slot(self, int64_t handle) noexcept:
        """Return the slot of a handle, NONE where the contact is forgotten or there never was one."""
        cdef int32_t slot = <int32_t>(handle & SLOT_MASK)
        if handle < 0 or not store_has(&self.floor.contacts, slot):
            return NONE
        return slot if contact_at(&self.floor, slot).seq == handle >> SLOT_BITS else NONE

    # ---- queries -----------------------------------------------------------------------------------------------

    def now(self) -> int:
        """Return where the floor stands, microseconds."""
        return self.floor.now

    def next_timer(self) -> int:
        """Return the least deadline of a timer, -1 without."""
        return timers_next(&self.floor)

    def tallies(self) -> list:
        """Return how many contacts were created, closed, abandoned, cancelled."""
        return [self.floor.tallies[at] for at in range(4)]

    def totals(self) -> dict:
        """Return how many of each thing there are now."""
        cdef Floor* floor = &self.floor
        return {
            "contacts": floor.contacts.count, "agents": floor.agents.count, "offers": floor.offers.count, "legs": floor.legs.count,
            "bars": floor.bars.count, "timers": floor.timers.count, "pools": floor.pools.count, "classes": floor.class_count,
            "profiles": floor.profile_count, "kinds": floor.kind_count, "orders": floor.order_count,
        }

    def contact_bytes(self) -> int:
        """Return the bytes of core memory held for contacts."""
        return store_bytes(&self.floor.contacts)

    def next_contact(self, int slot) -> int:
        """Return the first contact slot in use at or after ``slot``, -1 without."""
        return store_next(&self.floor.contacts, slot)

    def contact(self, int slot) -> dict:
        """Return what is known of a contact slot in use."""
        cdef Contact* one = contact_at(&self.floor, slot)
        return {
            "handle": self.contact_handle(slot), "seq": one.seq, "state": one.state, "queue": one.queue, "channel": one.channel, "tier": one.tier,
            "head_start_us": one.head_start, "place_at_us": one.place_at, "in_queue_at_us": one.in_queue_at,
            "waited_us": waited_by(&self.floor, one), "offers_out": one.offers_out, "offers_made": one.offers_made,
            "class": one.class_slot, "has_legs": one.first_leg != NONE, "word": (<object>one.word_hi << 64) | one.word_lo,
        }

    def agent(self, int slot) -> dict:
        """Return what is known of an agent."""
        cdef Agent* one = agent_at(&self.floor, slot)
        return {
            "presence": one.presence, "next_presence": one.next_presence, "idle_since_us": one.idle_since, "taken": one.taken,
            "capacity": one.capacity, "pending": one.pending, "offers_max": one.offers_max, "legs": one.legs,
            "handled": one.handled, "expiries": one.expiries, "last_offer": one.last_offer, "profile": one.profile,
        }

    def channel_count_of(self, int agent, int channel) -> int:
        """Return an agent's legs and pending offers of a channel."""
        return counts_at(&self.floor, agent)[channel]

    def legs_of(self, int agent) -> list:
        """Return (contact, state, cost, began_at_us, ends_at_us or -1) per leg of an agent, by begin."""
        cdef int32_t at = agent_at(&self.floor, agent).first_leg
        cdef Leg* leg
        cdef int64_t ends_at
        legs = []
        while at != NONE:
            leg = leg_at(&self.floor, at)
            ends_at = NONE if leg.timer == NONE else timer_at(&self.floor, leg.timer).deadline
            legs.append((leg.seq, leg.contact, leg.state, leg.cost, leg.began_at, ends_at))
            at = leg.next_of_agent
        return [row[1:] for row in sorted(legs)]

    def offers_of(self, int agent) -> list:
        """Return (seq, contact, cost) per pending offer of an agent, oldest first."""
        cdef int32_t at = agent_at(&self.floor, agent).first_offer
        offers = []
        while at != NONE:
            offers.append((offer_at(&self.floor, at).seq, offer_at(&self.floor, at).contact, offer_at(&self.floor, at).cost))
            at = offer_at(&self.floor, at).next_of_agent
        return offers

    def offer(self, int64_t seq) -> object:
        """Return (contact, agent, cost, expires_at_us) of a pending offer, or None."""
        cdef int32_t slot = offer_find(&self.floor, seq)
        cdef Offer* offer
        if slot == NONE:
            return None
        offer = offer_at(&self.floor, slot)
        return offer.contact, offer.agent, offer.cost, timer_at(&self.floor, offer.timer).deadline

    def agents_of(self, int slot) -> list:
        """Return the agents that have a leg of a contact, in order of creation."""
        cdef int32_t at = leg_first(&self.floor, slot, NONE)
        agents = []
        while at != NONE:
            agents.append(leg_at(&self.floor, at).agent)
            at = leg_first(&self.floor, slot, leg_at(&self.floor, at).agent)
        return agents

    def offers_out(self, int slot) -> list:
        """Return the seqs of a contact's pending offers, oldest first."""
        cdef int32_t at = contact_at(&self.floor, slot).first_offer
        seqs = []
        while at != NONE:
            seqs.append(offer_at(&self.floor, at).seq)
            at = offer_at(&self.floor, at).next_of_contact
        return sorted(seqs)

    def contacts_behind(self, int64_t seq) -> list:
        """Return the slots of contacts created after a seq, in order of creation. O(contacts log contacts)."""
        cdef int32_t at = store_next(&self.floor.contacts, 0)
        found = []
        while at != NONE:
            if contact_at(&self.floor, at).seq > seq:
                found.append((contact_at(&self.floor, at).seq, at))
            at = store_next(&self.floor.contacts, at + 1)
        return [slot for _, slot in sorted(found)]

    def offers_behind(self, seq) -> list:
        """Return the seqs of pending offers made after one, in order of making. O(offers log offers)."""
        cdef int32_t at = store_next(&self.floor.offers, 0)
        found = []
        while at != NONE:
            if offer_at(&self.floor, at).seq > seq:
                found.append(offer_at(&self.floor, at).seq)
            at = store_next(&self.floor.offers, at + 1)
        return sorted(found)

    def places(self, int slot) -> tuple:
        """Return the place of a waiting contact in its queue and over all queues, ranks aside. O(contacts)."""
        cdef Floor* floor = &self.floor
        cdef int32_t at = store_next(&floor.contacts, 0)
        cdef Contact* one = contact_at(floor, slot)
        cdef Contact* other
        cdef u128 own = self.aged_word(one)
        cdef u128 word
        cdef int64_t in_queue = 1
        cdef int64_t overall = 1
        while at != NONE:
            other = contact_at(floor, at)
            if other.state == CONTACT_QUEUED and at != slot:
                word = self.aged_word(other)
                if word < own or (word == own and other.seq < one.seq):
                    overall += 1
                    in_queue += other.queue == one.queue
            at = store_next(&floor.contacts, at + 1)
        return in_queue, overall

    cdef u128 aged_word(self, Contact* contact) noexcept:
        """Return a contact's place as of now, so that contacts of all queues compare."""
        return joined(contact.word_hi, contact.word_lo) - <u128>aged(&self.floor, self.floor.queues[contact.queue].ageing)

    def cooldown_until(self, int contact, int agent) -> int:
        """Return when the cool-down of a pair ends."""
        return timer_at(&self.floor, bar_at(&self.floor, bar_find(&self.floor, contact, agent)).timer).deadline

    def cost_for(self, int contact, int agent) -> int:
        """Return the units a contact takes of an agent."""
        cdef Contact* one = contact_at(&self.floor, contact)
        return cost_for(&self.floor, agent_at(&self.floor, agent), one.channel, one.own_cost, self.floor.queues[one.queue].cost)

    def why_nobody(self, int contact) -> int:
        """Return the rules that keep every agent from a contact, as bits in the order of ``ccroute.types.Rule``."""
        cdef Contact* one = contact_at(&self.floor, contact)
        return (WHY_CONTACT_STATE if one.state != CONTACT_QUEUED else 0) | (WHY_OFFER_OUT if one.offers_out else 0) | (
            WHY_QUEUE_PAUSED if self.floor.queues[one.queue].paused else 0
        )

    def why_not(self, int contact, int agent) -> int:
        """Return the rules that keep an agent from a contact, as bits in the order of ``ccroute.types.Rule``."""
        return why_not(&self.floor, contact, agent)

    def queue_state(self, int queue) -> tuple:
        """Return (waiting, paused)."""
        return self.floor.queues[queue].waiting, bool(self.floor.queues[queue].paused)
