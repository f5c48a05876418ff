"""Hindsight: between whom an offer is decided, seen from just before it is made; and what is not there, but could be.

An engine that decides once more what was decided before is told which offer to watch. In the moment before that offer, when
nothing has been done for it yet, the one who watches may ask everything that moves nothing.
"""

cimport cython

from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport (
    MODE_AUTO, NONE, PREEMPT_WORK, WHY_SUSPENDED, Contact, Extra, Floor, Queue, agent_at,
    contact_at, extra_at, leg_at, offer_at,
)
from ccroute.core.eligible cimport has_company, is_offered, is_passed_over, why_absent, why_no_room_beside, why_not
from ccroute.core.giving cimport Victim, is_guarded, is_victim, leg_gives_way, may_lose, offer_gives_way
from ccroute.core.making cimport rank_served
from ccroute.core.preferring cimport is_there
from ccroute.core.room cimport Aside, Ask, Room, cost_for, is_kept_by_suspended, room_open, set_aside
from ccroute.core.store cimport store_next


# ---- watching --------------------------------------------------------------------------------------------------


cdef void tell(Floor* floor, int32_t contact, int32_t agent, int turn) noexcept with gil:
    """Have the one who watches look, and leave the floor as it was."""
    cdef Watch watch = <Watch>floor.witness
    cdef unsigned char was_deferred = floor.is_deferred
    try:
        watch.told(contact, agent, turn)
    except BaseException as error:
        watch.error = error
    floor.is_deferred = was_deferred


@cython.final
cdef class Watch:
    """Has ``told(contact, agent, turn)`` called just before the offer of a seq is made, until ``end`` is called.

    Slots, and a TurnCode. Called more than once, the last call counts: an agent that picks what it was offered anyway gets no
    offer. What it raises is kept in ``error``.
    """

    def __cinit__(self, Sight sight, int64_t offer, told):
        self.sight = sight
        self.told = told
        sight.floor.witness = <void*>self
        sight.floor.tell_witness = tell
        sight.floor.witnessed = offer

    def end(self) -> None:
        """Watch no longer."""
        if self.sight.floor.witness == <void*>self:
            self.sight.floor.witnessed = 0
            self.sight.floor.witness = NULL

    def __dealloc__(self):
        # The floor is there for as long as the sight of it.
        if self.sight is not None and self.sight.floor.witness == <void*>self:
            self.sight.floor.witnessed = 0
            self.sight.floor.witness = NULL


# ---- candidates ------------------------------------------------------------------------------------------------


def agents_for(Sight sight, int contact, int64_t ignored) -> list:
    """Return (agent, rank, whether it must pass the contact over) per agent that is eligible for a contact. O(agents).

    ``ignored``: rules, as bits, that do not matter.
    """
    cdef Floor* floor = &sight.floor
    cdef int32_t agent, rank
    found = []
    for agent in range(floor.agents.count):
        rank = rank_served(floor, contact, agent)
        if rank and why_not(floor, contact, agent) & ~ignored == 0:
            found.append((agent, rank, bool(is_passed_over(floor, contact, agent))))
    return found


def contacts_for(Sight sight, int agent, int but) -> list:
    """Return (contact, rank, whether it is passed over) per contact in line that an agent is eligible for. O(contacts).

    ``but``: a contact that is left out.
    """
    cdef Floor* floor = &sight.floor
    cdef int32_t at = store_next(&floor.contacts, 0)
    cdef int32_t rank
    found = []
    while at != NONE:
        if at != but and is_offered(floor, at):
            rank = rank_served(floor, at, agent)
            if rank and why_not(floor, at, agent) == 0:
                found.append((at, rank, bool(is_passed_over(floor, at, agent))))
        at = store_next(&floor.contacts, at + 1)
    return found


def scores_of(Sight sight, int contact) -> dict:
    """Return the scores that a contact gives agents, by agent."""
    cdef Extra* extra
    cdef int at
    if contact_at(&sight.floor, contact).extra == NONE:
        return {}
    extra = extra_at(&sight.floor, contact_at(&sight.floor, contact).extra)
    return {extra.scored[at]: extra.scores[at] for at in range(extra.scores_count)}


# ---- giving way ------------------------------------------------------------------------------------------------


def victims_of(Sight sight, int contact) -> list:
    """Return (agent, contact, seq of the offer or 0, tier, begun) of all that could give way to a contact now. O(agents)."""
    cdef Floor* floor = &sight.floor
    cdef unsigned char was_deferred = floor.is_deferred
    cdef int32_t agent, at
    cdef Victim victim
    found = []
    for agent in range(floor.agents.count):
        if not rank_served(floor, contact, agent) or not may_lose(floor, contact, agent):
            continue
        at = agent_at(floor, agent).first_offer
        while at != NONE:
            if offer_gives_way(floor, contact, at, &victim) and can_go(floor, contact, &victim):
                found.append((agent, victim.contact, offer_at(floor, at).seq, victim.tier, victim.begun))
            at = offer_at(floor, at).next_of_agent
        at = agent_at(floor, agent).first_leg
        while at != NONE and floor.queues[contact_at(floor, contact).queue].preempt == PREEMPT_WORK:
            if leg_gives_way(floor, contact, at, &victim) and can_go(floor, contact, &victim):
                found.append((agent, victim.contact, 0, victim.tier, victim.begun))
            at = leg_at(floor, at).next_of_agent
    floor.is_deferred = was_deferred
    return found


cdef bint can_go(Floor* floor, int32_t contact, Victim* victim) noexcept nogil:
    return not is_guarded(floor, contact, victim, NULL) and is_victim(floor, contact, victim)


def contenders(Sight sight, int but) -> list:
    """Return the contacts in line that may pre-empt, one left out, by slot. O(contacts)."""
    cdef Floor* floor = &sight.floor
    cdef int32_t at = store_next(&floor.contacts, 0)
    cdef Contact* one
    cdef Queue* queue
    found = []
    while at != NONE:
        one = contact_at(floor, at)
        queue = &floor.queues[one.queue]
        if at != but and queue.preempt and one.tier >= queue.preempt_from and one.offers_out == 0 and is_offered(floor, at):
            if has_company(floor, at, 1, NONE):
                found.append(at)
        at = store_next(&floor.contacts, at + 1)
    return found


# ---- contacts that are not there -------------------------------------------------------------------------------


cdef void ask_such(Floor* floor, int32_t agent, int32_t queue, int32_t channel, int32_t own_cost, int32_t tier, Ask* ask) noexcept nogil:
    ask.contact = NONE
    ask.tier = tier
    ask.channel = channel
    ask.cost = cost_for(floor, agent_at(floor, agent), channel, own_cost, floor.queues[queue].cost)
    ask.needs_slot = floor.queues[queue].mode != MODE_AUTO


def why_not_such(Sight sight, int agent, int queue, int channel, int own_cost, int tier) -> int:
    """Return the rules on presence and room that would keep an agent from a contact, as bits of ``ccroute.types.Rule``.

    ``own_cost`` -1: it brings none.
    """
    cdef Floor* floor = &sight.floor
    cdef Ask ask
    cdef int64_t why = why_absent(floor, agent)
    ask_such(floor, agent, queue, channel, own_cost, tier, &ask)
    if is_kept_by_suspended(floor, agent, tier, channel):
        why |= WHY_SUSPENDED
    return why | why_no_room_beside(floor, agent, NONE, &ask)


def aside_for_such(Sight sight, int agent, int queue, int channel, int own_cost, int tier) -> list:
    """Return what an agent would set aside for a contact, as ``Sight.aside`` does."""
    cdef Floor* floor = &sight.floor
    cdef Ask ask
    cdef Room room
    cdef Aside aside
    ask_such(floor, agent, queue, channel, own_cost, tier, &ask)
    room_open(floor, agent, channel, &room)
    return sight.things(&aside) if set_aside(floor, agent, &room, &ask, True, &aside) else []


def kept_for(Sight sight, int queue, preferred) -> list:
    """Return for which of some agents, in their order, a contact that enters a queue would be kept; empty: for none."""
    cdef Floor* floor = &sight.floor
    cdef Queue* one = &floor.queues[queue]
    cdef list kept = [agent for agent in preferred if agent_at(floor, agent).favours < one.prefers_max]
    return kept if any(is_there(floor, one, agent) for agent in kept) else []


def cost_of_such(Sight sight, int agent, int queue, int channel, int own_cost) -> int:
    """Return the units a contact would take of an agent."""
    return cost_for(&sight.floor, agent_at(&sight.floor, agent), channel, own_cost, sight.floor.queues[queue].cost)
