"""What is to be seen of a floor: contacts, agents, legs, offers, and why they are where they are. Nothing moves."""

from libc.stdint cimport int32_t, int64_t

from ccroute.core.bars cimport bar_find
from ccroute.core.courses cimport plan_number
from ccroute.core.defs cimport (
    AVAILABLE, AWAY, BAR_EVER, BAR_NEXT, CONTACT_QUEUED, COOL_FOR_EVER, COOL_NEXT_AVAILABLE, MODE_MANUAL, NONE, OFFLINE, WHY_CONTACT_STATE, WHY_MANUAL,
    WHY_OFFERS_MIN, WHY_OFFER_OUT, WHY_QUEUE_PAUSED, Agent, Bar, Contact, Course, Extra, Floor, Leg, Offer, Queue, agent_at,
    bar_at, contact_at, counts_at, course_at, course_of, extra_at, is_aside, is_over, leg_at, loads_at, offer_at, timer_at, units_at, waits,
)
from ccroute.core.eligible cimport has_company, why_not
from ccroute.core.giving cimport Victim, find_victim
from ccroute.core.legs cimport leg_first
from ccroute.core.making cimport stands_on
from ccroute.core.offers cimport offer_find
from ccroute.core.plans cimport next_step
from ccroute.core.room cimport Aside, can_take, cost_for
from ccroute.core.store cimport store_bytes, store_has, store_next
from ccroute.core.timers cimport timers_next
from ccroute.core.waiting cimport waited_by

cdef enum:
    SLOT_BITS = 24
    SLOT_MASK = 16777215


cdef class Sight(Ground):
    """One floor, as it is seen."""

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
        return [self.floor.tallies[at] for at in range(5)]

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

    def contact_seq(self, int slot) -> int:
        """Return the seq of a contact."""
        return contact_at(&self.floor, slot).seq

    def is_callback_at_rest(self, int slot) -> bool:
        """Say whether a contact is a callback that nobody works on."""
        cdef Contact* one = contact_at(&self.floor, slot)
        cdef Course* course = course_of(&self.floor, one)
        return course != NULL and course.expires_at != NONE and (one.state == CONTACT_QUEUED or is_aside(one))

    def place(self, int slot) -> tuple:
        """Return (state, queue, channel, class) of a contact slot in use: what is asked of every contact at once."""
        cdef Contact* one = contact_at(&self.floor, slot)
        return one.state, one.queue, one.channel, one.class_slot

    def contact(self, int slot) -> dict:
        """Return what is known of a contact slot in use."""
        cdef Contact* one = contact_at(&self.floor, slot)
        return {
            "handle": self.contact_handle(slot), "seq": one.seq, "state": one.state, "queue": one.queue, "channel": one.channel, "tier": one.tier,
            "own_tier": bool(one.own_tier),
            "head_start_us": one.head_start, "place_at_us": one.place_at, "in_queue_at_us": one.in_queue_at,
            "created_at_us": one.created, "waited_us": waited_by(&self.floor, one), "offers_out": one.offers_out, "offers_made": one.offers_made,
            "class": one.class_slot, "has_legs": one.first_leg != NONE, "word": (<object>one.word_hi << 64) | one.word_lo,
            "is_overdue": bool(one.is_overdue), "stage": one.stage, "seeks": one.seeks, "own_cost": one.own_cost,
        } | self.extra(one)

    cdef dict extra(self, Contact* one):
        """Return what few contacts have."""
        cdef Extra* extra = NULL if one.extra == NONE else extra_at(&self.floor, one.extra)
        cdef int64_t until = NONE
        if extra == NULL:
            return {
                "version": one.order.right if is_over(one) else 1, "seeker": NONE, "direct": NONE, "parked_since_us": NONE, "parked_until_us": NONE,
                "clock_runs": False, "displaced_offers": 0, "displaced_work": 0, "parent": NONE,
            }
        if extra.timer_park != NONE:
            until = timer_at(&self.floor, extra.timer_park).deadline
        return self.course(extra) | {
            "version": extra.version, "seeker": extra.seeker, "direct": extra.direct, "parked_since_us": extra.parked_at,
            "parked_until_us": until, "clock_runs": bool(extra.clock_runs), "displaced_offers": extra.displaced_offers,
            "displaced_work": extra.displaced_work, "parent": extra.parent,
        }

    cdef dict course(self, Extra* extra):
        """Return what a contact that has a course has."""
        cdef Course* course
        cdef int at
        if extra.course == NONE:
            return {}
        course = course_at(&self.floor, extra.course)
        return {
            "made_at_us": contact_at(&self.floor, extra.contact).created if course.made_at == NONE else course.made_at,
            "attempts": course.attempts, "expires_at_us": course.expires_at,
            "preferred": [course.preferred[at] for at in range(course.preferred_count)],
            "favourites": [
                course.preferred[at] for at in range(course.preferred_count)
                if course.is_preferring and (course.kept >> at) & 1
            ],
            "scope": course.scope, "preferred_requires": course.requires, "own_plan": course.own_plan,
            "preferring_until_us": course.preferring_until if course.is_preferring else NONE,
            "ruled_plan": course.ruled_plan, "ruled_step": course.ruled_step,
        }

    def figures(self, int queue, members) -> tuple:
        """Return (waiting, longest wait, online, available, away, free) of a queue and the agents that serve it. O(contacts)."""
        cdef Floor* floor = &self.floor
        cdef int32_t at = store_next(&floor.contacts, 0)
        cdef int64_t oldest = 0
        cdef Contact* contact
        cdef Agent* agent
        cdef int counts[4]
        counts[:] = [0, 0, 0, 0]
        while at != NONE and floor.queues[queue].waiting:
            contact = contact_at(floor, at)
            if contact.state == CONTACT_QUEUED and contact.queue == queue and floor.now - contact.waited > oldest:
                oldest = floor.now - contact.waited
            at = store_next(&floor.contacts, at + 1)
        for at in members:
            agent = agent_at(floor, at)
            counts[0] += agent.presence != OFFLINE
            counts[1] += agent.presence == AVAILABLE
            counts[2] += agent.presence == AWAY
            counts[3] += (
                agent.presence == AVAILABLE and agent.legs == 0 and agent.pending == 0 and agent.next_presence == NONE
            )
        return floor.queues[queue].waiting, oldest, counts[0], counts[1], counts[2], counts[3]

    def plans_of(self, int slot) -> list:
        """Return the plans a contact carries, keeps or is ruled by."""
        cdef Course* course = course_of(&self.floor, contact_at(&self.floor, slot))
        if course == NULL:
            return []
        return [plan for plan in (course.plan, course.own_plan, course.ruled_plan) if plan >= 0]

    def is_plan_kept(self, int queue) -> bool:
        """Say whether a contact that has left a queue keeps its plan. O(contacts that have courses)."""
        cdef Floor* floor = &self.floor
        cdef int32_t at = store_next(&floor.courses, 0)
        while at != NONE:
            if course_at(floor, at).plan >= 0 and floor.plans[course_at(floor, at).plan].queue == queue:
                return True
            at = store_next(&floor.courses, at + 1)
        return False

    def plan_owner(self, int number) -> tuple:
        """Return (queue or -1, whether it is that queue's plan now)."""
        cdef int32_t queue = self.floor.plans[number].queue
        return queue, queue != NONE and self.floor.queues[queue].plan == number

    def is_ruled(self, int queue) -> bool:
        """Say whether a queue has a plan, limits or hours."""
        return bool(self.floor.queues[queue].is_ruled)

    def plan_of_queue(self, int queue) -> int:
        """Return the plan of a queue, -1 without."""
        return self.floor.queues[queue].plan

    def set_asks(self, int slot, int number) -> None:
        """State again by which number the requirement of a restored contact goes."""
        cdef Course* course = course_of(&self.floor, contact_at(&self.floor, slot))
        if course != NULL:
            course.asks = number

    def next_rules(self, int slot) -> list:
        """Return (plan, whether its own, step, moment) of the next step of each plan of a contact that waits for a time."""
        cdef Course* course = course_of(&self.floor, contact_at(&self.floor, slot))
        cdef int64_t at
        cdef int32_t step
        found = []
        if course != NULL:
            for own in range(2):
                step = next_step(&self.floor, slot, own, &at)
                if step != NONE:
                    found.append((course.own_plan if own else plan_number(&self.floor, slot), bool(own), step, at))
        return found

    def agent(self, int slot) -> dict:
        """Return what is known of an agent."""
        cdef Agent* one = agent_at(&self.floor, slot)
        return {
            "presence": one.presence, "next_presence": one.next_presence, "idle_since_us": one.idle_since, "taken": one.taken,
            "capacity": one.capacity, "pending": one.pending, "offers_max": one.offers_max, "legs": one.legs,
            "handled": one.handled, "expiries": one.expiries, "last_offer": one.last_offer, "profile": one.profile,
            "suspended": one.suspended, "seq": one.seq, "external": self.per_channel(loads_at(&self.floor, slot)),
            "units": self.per_channel(units_at(&self.floor, slot)),
        }

    cdef dict per_channel(self, int32_t* units):
        """Return numbers above 0 by channel."""
        cdef int at
        return {at: units[at] for at in range(self.floor.channel_count) if units[at] > 0}

    def channel_count_of(self, int agent, int channel) -> int:
        """Return an agent's legs and pending offers of a channel."""
        return counts_at(&self.floor, agent)[channel]

    def legs_of(self, int agent) -> list:
        """Return (contact, state, cost, began_at_us, ends_at_us or -1, channel) per leg of an agent, by begin."""
        cdef int32_t at = agent_at(&self.floor, agent).first_leg
        cdef Leg* leg
        cdef int64_t ends_at
        legs = []
        while at != NONE:
            leg = leg_at(&self.floor, at)
            ends_at = NONE if leg.timer == NONE else timer_at(&self.floor, leg.timer).deadline
            legs.append((leg.seq, leg.contact, leg.state, leg.cost, leg.began_at, ends_at, leg.channel))
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
        """Return (contact, agent, cost, expires_at_us, channel) of a pending offer, or None."""
        cdef int32_t slot = offer_find(&self.floor, seq)
        cdef Offer* offer
        if slot == NONE:
            return None
        offer = offer_at(&self.floor, slot)
        return offer.contact, offer.agent, offer.cost, timer_at(&self.floor, offer.timer).deadline, offer.channel

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

    def cooldown_until(self, int contact, int agent) -> int:
        """Return when the cool-down of a pair ends; less than 0: its CoolKind, negated."""
        cdef Bar* bar = bar_at(&self.floor, bar_find(&self.floor, contact, agent))
        if bar.why & BAR_EVER:
            return -COOL_FOR_EVER
        if bar.why & BAR_NEXT:
            return -COOL_NEXT_AVAILABLE
        return timer_at(&self.floor, bar.timer).deadline

    def cost_for(self, int contact, int agent) -> int:
        """Return the units a contact takes of an agent."""
        cdef Contact* one = contact_at(&self.floor, contact)
        return cost_for(&self.floor, agent_at(&self.floor, agent), one.channel, one.own_cost, self.floor.queues[one.queue].cost)

    def why_nobody(self, int contact) -> int:
        """Return the rules that keep every agent from a contact, as bits in the order of ``ccroute.types.Rule``."""
        cdef Contact* one = contact_at(&self.floor, contact)
        cdef Queue* queue = &self.floor.queues[one.queue]
        why = 0
        if not waits(one):
            why |= WHY_CONTACT_STATE
        if one.offers_out >= queue.k:
            why |= WHY_OFFER_OUT
        if queue.paused:
            why |= WHY_QUEUE_PAUSED
        if queue.mode == MODE_MANUAL:
            why |= WHY_MANUAL
        if waits(one) and not has_company(&self.floor, contact, 0, NONE):
            why |= WHY_OFFERS_MIN
        return why

    def why_not(self, int contact, int agent) -> int:
        """Return the rules that keep an agent from a contact, as bits in the order of ``ccroute.types.Rule``."""
        return why_not(&self.floor, contact, agent)

    def queue_state(self, int queue) -> tuple:
        """Return (waiting, paused)."""
        return self.floor.queues[queue].waiting, bool(self.floor.queues[queue].paused)

    def aside(self, int contact, int agent) -> list:
        """Return what an agent would set aside for a contact: ("offer", seq) or ("leg", contact slot), in the order taken."""
        cdef Aside aside
        return self.things(&aside) if can_take(&self.floor, contact, agent, &aside) else []

    cdef list things(self, Aside* aside):
        """Name what is set aside."""
        cdef int at
        cdef list things = []
        for at in range(aside.count):
            if at < aside.offers:
                things.append(("offer", offer_at(&self.floor, aside.slots[at]).seq))
            else:
                things.append(("leg", leg_at(&self.floor, aside.slots[at]).contact))
        return things

    def victim(self, int contact) -> object:
        """Return (agent, contact slot, whether it is an offer) of what would give way to a contact now, or None. O(agents)."""
        cdef Victim victim
        find_victim(&self.floor, contact, &victim)
        return None if victim.agent == NONE else (victim.agent, victim.contact, victim.offer != NONE)

    def standing(self, int64_t offer) -> int:
        """Return the contact slot of the leg that a pending offer would displace at its accept, -1 without."""
        cdef int32_t slot = offer_find(&self.floor, offer)
        cdef Aside aside
        cdef int32_t leg = NONE if slot == NONE else stands_on(&self.floor, slot, &aside)
        return NONE if leg == NONE else leg_at(&self.floor, leg).contact
