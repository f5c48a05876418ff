from libc.stdint cimport int32_t

from ccroute.core.defs cimport (
    ASIDE_MAX, CHANNELS_MAX, NONE, Agent, Floor, Kind, Policy, agent_at, counts_at, units_at,
)

cdef struct Room:                 # what an agent has taken, of which things can be thought away
    int32_t taken
    int32_t pending
    int32_t places                # on the channel asked for
    int32_t channel               # asked for
    int32_t offers_max
    int32_t capacity
    int32_t max                   # NONE: as units allow
    Policy* reserving             # NULL: keeps no units for single channels
    int32_t units[CHANNELS_MAX]   # by channel, where it does

cdef struct Aside:                # what is set aside for a contact, in the order taken
    int32_t count
    int32_t offers                # how many of them are offers; they come first
    int32_t slots[ASIDE_MAX]

cdef struct Ask:                  # what a contact asks of an agent
    int32_t contact               # its own legs are never set aside
    int32_t tier
    int32_t channel
    int32_t cost
    bint needs_slot

cdef int32_t kept_elsewhere(Policy* policy, int32_t* units, int32_t channel, int32_t channels) noexcept nogil

cdef inline int32_t cost_for(Floor* floor, Agent* agent, int32_t channel, int32_t own_cost, int32_t queue_cost) noexcept nogil:
    """Return the units a contact takes of an agent: contact, agent and channel, queue, channel; the first that is set."""
    cdef int32_t cost
    if own_cost != NONE:
        return own_cost
    cost = floor.policies[agent.policy].cost[channel]
    if cost != NONE:
        return cost
    return queue_cost if queue_cost != NONE else floor.channels[channel].cost

cdef inline bint has_room(Floor* floor, int32_t slot, Kind* kind) noexcept nogil:
    """Say whether an agent, presence aside, has room for a contact of a kind with nothing set aside."""
    cdef Agent* agent = agent_at(floor, slot)
    cdef Policy* policy = &floor.policies[agent.policy]
    cdef int32_t channel = kind.channel
    cdef int32_t free = agent.capacity - agent.taken
    if not (policy.open >> channel) & 1:
        return False
    if kind.needs_slot and agent.pending >= agent.offers_max:
        return False
    if policy.max[channel] != NONE and counts_at(floor, slot)[channel] >= policy.max[channel]:
        return False
    if policy.has_reserve:
        free -= kept_elsewhere(policy, units_at(floor, slot), channel, floor.channel_count)
    return cost_for(floor, agent, channel, kind.own_cost, kind.queue_cost) <= free

cdef bint may_have_room(Floor* floor, int32_t slot, Kind* kind) noexcept nogil
cdef void ask_for(Floor* floor, int32_t contact, int32_t agent, Ask* ask) noexcept nogil
cdef void room_open(Floor* floor, int32_t agent, int32_t channel, Room* room) noexcept nogil
cdef void room_book(Room* room, int32_t channel, int32_t cost, int32_t times) noexcept nogil
cdef void room_without_offers(Floor* floor, int32_t agent, Room* room, int32_t above) noexcept nogil
cdef bint room_holds(Room* room, Ask* ask) noexcept nogil
cdef bint set_aside(Floor* floor, int32_t agent, Room* room, Ask* ask, bint with_offers, Aside* aside) noexcept nogil
cdef bint is_kept_by_suspended(Floor* floor, int32_t agent, int32_t tier, int32_t channel) noexcept nogil
cdef bint can_take(Floor* floor, int32_t contact, int32_t agent, Aside* aside) noexcept nogil
