"""What lies before a contact: who stands ahead of it, who could take it, what they have in hand. Nothing moves.

An asker is a contact, or one that might come. The agents who may serve it are told as *ranks*: a byte for each agent, or for
each profile, the rank at which it serves the asker, 0 where it does not. All agents of a profile serve the same classes, so
that ranks by profile and the row of a class say what agents both share, but for contacts that allow agents one by one.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memset

from ccroute.core.bars cimport bar_find
from ccroute.core.defs cimport (
    AVAILABLE, BAR_EXCLUDED, LEG_SUSPENDED, NONE, OFFLINE, PAGE_BITS, Agent, Bands, Contact, ContactClass, Floor, Policy, agent_at,
    bar_at, contact_at, extra_at, leg_at, loads_at, u128, waits,
)
from ccroute.core.room cimport cost_for
from ccroute.core.rows cimport rank_of
from ccroute.core.sight cimport Sight
from ccroute.core.store cimport fresh, release, store_next
from ccroute.core.waiting cimport aged_word

cdef enum:
    NOT_LOOKED_AT = 0             # Tie.state
    SHARES_NOBODY = 1
    SHARES = 2

cdef struct Tie:                  # how a class stands to the asker
    uint8_t state
    uint8_t rank                  # of the class, at the agents for whom it has the best of it
    uint8_t own                   # of the asker, there


cdef bint is_excluded(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Say whether a contact excludes an agent; NONE is no contact."""
    cdef int32_t bar = NONE if contact == NONE else bar_find(floor, contact, agent)
    return bar != NONE and bar_at(floor, bar).why & BAR_EXCLUDED != 0


cdef bint is_allowed(Floor* floor, Contact* one, int32_t agent) noexcept nogil:
    """Say whether the requirement of a contact holds for an agent whose profile serves its class."""
    if not floor.classes[one.class_slot].is_slow:
        return True
    if one.extra == NONE or agent >> 6 >= extra_at(floor, one.extra).allowed_words:
        return False
    return (extra_at(floor, one.extra).allowed[agent >> 6] >> (agent & 63)) & 1


cdef bint is_choosy(Floor* floor, Contact* one) noexcept nogil:
    """Say whether a contact allows agents one by one: it stands in a slow class, or excludes some."""
    cdef int32_t bar = one.first_bar
    if floor.classes[one.class_slot].is_slow:
        return True
    while bar != NONE:
        if bar_at(floor, bar).why & BAR_EXCLUDED:
            return True
        bar = bar_at(floor, bar).next_of_contact
    return False


def ranks_for(Sight sight, int contact) -> bytearray:
    """Return the ranks of a waiting contact by agent: who may serve it now, presence and room aside. O(agents)."""
    cdef Floor* floor = &sight.floor
    cdef Contact* one = contact_at(floor, contact)
    cdef int32_t rank
    cdef int32_t at = store_next(&floor.agents, 0)
    cdef int32_t direct = NONE if one.extra == NONE else extra_at(floor, one.extra).direct
    cdef bytearray ranks = bytearray(floor.agents.page_count << PAGE_BITS)
    while at != NONE:
        rank = rank_of(floor, one.class_slot, agent_at(floor, at).profile)
        if direct != NONE and at != direct:
            rank = 0
        if rank and not is_excluded(floor, contact, at) and is_allowed(floor, one, at):
            ranks[at] = rank
        at = store_next(&floor.agents, at + 1)
    return ranks


def by_profile(Sight sight, bytearray ranks) -> bytearray:
    """Return ranks that are given by agent by profile. O(agents)."""
    cdef Floor* floor = &sight.floor
    cdef int32_t at = store_next(&floor.agents, 0)
    cdef bytearray found = bytearray(floor.profile_count)
    while at != NONE:
        if at < len(ranks) and ranks[at]:
            found[agent_at(floor, at).profile] = ranks[at]
        at = store_next(&floor.agents, at + 1)
    return found


# ---- who stands before ---------------------------------------------------------------------------------------------


cdef void tie_class(Floor* floor, int32_t class_slot, uint8_t* ranks, Tie* tie) noexcept nogil:
    """Find, of the agents that a class and the asker share, those for whom the class has the best of it. O(profiles)."""
    cdef int32_t profile, rank
    cdef int32_t best = 0
    tie.state = SHARES_NOBODY
    for profile in range(floor.profile_count):
        if ranks[profile]:
            rank = rank_of(floor, class_slot, profile)
            if rank and (tie.state == SHARES_NOBODY or <int32_t>ranks[profile] - rank > best):
                best = <int32_t>ranks[profile] - rank
                tie.state = SHARES
                tie.rank = <uint8_t>rank
                tie.own = ranks[profile]


cdef void tie_choosy(Floor* floor, int32_t contact, uint8_t* ranks, int32_t count, Tie* tie) noexcept nogil:
    """The same for a contact that allows agents one by one. O(agents)."""
    cdef Contact* one = contact_at(floor, contact)
    cdef int32_t at = store_next(&floor.agents, 0)
    cdef int32_t rank
    cdef int32_t best = 0
    tie.state = SHARES_NOBODY
    while at != NONE and at < count:
        if ranks[at]:
            rank = rank_of(floor, one.class_slot, agent_at(floor, at).profile)
            if rank and (tie.state == SHARES_NOBODY or <int32_t>ranks[at] - rank > best):
                if is_allowed(floor, one, at) and not is_excluded(floor, contact, at):
                    best = <int32_t>ranks[at] - rank
                    tie.state = SHARES
                    tie.rank = <uint8_t>rank
                    tie.own = ranks[at]
        at = store_next(&floor.agents, at + 1)


cdef void tie_direct(Floor* floor, int32_t contact, int32_t agent, uint8_t own, Tie* tie) noexcept nogil:
    """The same for a contact that is kept for one agent, whose rank for the asker is ``own``."""
    cdef int32_t rank = rank_of(floor, contact_at(floor, contact).class_slot, agent_at(floor, agent).profile)
    tie.state = SHARES if own and rank and is_allowed(floor, contact_at(floor, contact), agent) else SHARES_NOBODY
    if is_excluded(floor, contact, agent):
        tie.state = SHARES_NOBODY
    tie.rank = <uint8_t>rank
    tie.own = own


cdef Tie* tie_for(
    Floor* floor, int32_t contact, Tie* ties, Tie* alone, uint8_t* ranks, int32_t count, uint8_t* profiles
) noexcept nogil:
    """Return how a contact stands to the asker: in ``ties`` by class, or in ``alone`` where it is not like its class."""
    cdef Contact* one = contact_at(floor, contact)
    cdef int32_t direct = NONE if one.extra == NONE else extra_at(floor, one.extra).direct
    if direct != NONE:
        tie_direct(floor, contact, direct, ranks[direct] if direct < count else 0, alone)
        return alone
    if is_choosy(floor, one):
        tie_choosy(floor, contact, ranks, count, alone)
        return alone
    if ties[one.class_slot].state == NOT_LOOKED_AT:
        tie_class(floor, one.class_slot, profiles, &ties[one.class_slot])
    return &ties[one.class_slot]


def standing_before(
    Sight sight, int contact, int class_slot, int queue, int tier, int64_t head_start, bytearray ranks, bytearray profiles
) -> tuple:
    """Return the places in class, in queue and of all, 1 is first; who outranks the asker, by class; and bystanders.

    A contact outranks the asker where it comes first, by ROUTING section 5 up to the seq, for some agent whom both share.
    Bystanders stand before it, ranks aside, and share nobody with it; by class, too.

    :param contact: the asker; -1: one that came now into ``queue``, with this class (-1: one of its own), tier and head start.
    :param ranks: by agent.
    :param profiles: by profile.

    O(contacts + classes · profiles), and O(agents) for each contact that allows agents one by one.
    """
    cdef Floor* floor = &sight.floor
    cdef Contact guest
    cdef Contact* own = &guest
    cdef Contact* other
    cdef u128 word
    cdef u128 own_word
    cdef int64_t places[3]
    cdef Tie* ties = <Tie*>fresh(floor.blocks.count * 64 + 1, sizeof(Tie))
    cdef Tie alone
    cdef Tie* tie
    cdef int32_t at = store_next(&floor.contacts, 0)
    cdef dict by_class = {}
    cdef dict bystanders = {}
    cdef bint is_before
    if ties == NULL:
        raise MemoryError
    if contact == NONE:
        be_guest(floor, &guest, class_slot, queue, tier, head_start)
    else:
        own = contact_at(floor, contact)
    own_word = aged_word(floor, own)
    places[:] = [1, 1, 1]
    try:
        while at != NONE:
            other = contact_at(floor, at)
            if waits(other) and at != contact:
                word = aged_word(floor, other)
                is_before = comes_before(floor, word, other.seq, 0, own_word, own.seq, 0)
                places[0] += is_before and other.class_slot == own.class_slot
                places[1] += is_before and other.queue == own.queue
                places[2] += is_before
                tie = tie_for(floor, at, ties, &alone, ranks, len(ranks), profiles)
                if tie.state == SHARES_NOBODY:
                    if is_before:
                        bystanders[other.class_slot] = bystanders.get(other.class_slot, 0) + 1
                elif comes_before(floor, word, other.seq, tie.rank, own_word, own.seq, tie.own):
                    by_class[other.class_slot] = by_class.get(other.class_slot, 0) + 1
            at = store_next(&floor.contacts, at + 1)
    finally:
        release(ties)
    return places[0], places[1], places[2], by_class, bystanders


cdef void be_guest(
    Floor* floor, Contact* guest, int32_t class_slot, int32_t queue, int32_t tier, int64_t head_start
) noexcept nogil:
    """Be a contact that comes now, behind all others of its place."""
    memset(guest, 0, sizeof(Contact))
    guest.class_slot = class_slot
    guest.queue = queue
    guest.tier = tier
    guest.head_start = head_start
    guest.place_at = floor.now
    guest.seq = floor.next_contact_seq


cdef bint comes_before(
    Floor* floor, u128 word, int64_t seq, uint8_t rank, u128 own_word, int64_t own_seq, uint8_t own_rank
) noexcept nogil:
    """Say whether one of two contacts comes first for an agent that serves them at these ranks."""
    word += <u128>rank << floor.rank_shift
    own_word += <u128>own_rank << floor.rank_shift
    return word < own_word or (word == own_word and seq < own_seq)


def classes_of(Sight sight, int queue, int channel) -> list:
    """Return the classes of a queue and channel that contacts may enter the queue by. O(classes)."""
    cdef Floor* floor = &sight.floor
    cdef int32_t at
    cdef list found = []
    for at in range(floor.blocks.count * 64):
        if (
            floor.classes[at].in_use and floor.classes[at].queue == queue and floor.classes[at].channel == channel
            and floor.classes[at].first_stage == at
        ):
            found.append(at)
    return found


def class_terms(Sight sight, int class_slot) -> tuple:
    """Return (queue, channel, own cost or -1) of a class."""
    cdef ContactClass* one = &sight.floor.classes[class_slot]
    return one.queue, one.channel, one.own_cost


# ---- who could take it -----------------------------------------------------------------------------------------------


cdef int32_t places_of(Floor* floor, int32_t slot, int32_t channel, int32_t cost) noexcept nogil:
    """Return how many contacts of a channel and cost an agent can have in hand at once, one without costs counting one."""
    cdef Agent* agent = agent_at(floor, slot)
    cdef Policy* policy = &floor.policies[agent.policy]
    cdef int32_t* loads = loads_at(floor, slot)
    cdef int32_t units = agent.capacity
    cdef int32_t at
    for at in range(floor.channel_count):
        units -= loads[at]
        if policy.has_reserve and at != channel and policy.reserve[at] > loads[at]:
            units -= policy.reserve[at] - loads[at]
    at = 1 if cost <= 0 else (units // cost if units > 0 else 0)
    return at if policy.max[channel] == NONE or policy.max[channel] > at else policy.max[channel]


def crew(Sight sight, int queue, int channel, int own_cost, int contact) -> tuple:
    """Return three numbers by profile: places for contacts, agents who are online, and places that are free.

    Places are those of agents who are available with no next presence and take the channel. O(agents · channels).

    :param queue: whose cost holds.
    :param own_cost: cost that the contact brings; -1: none.
    :param contact: one whose exclusions count; -1: none.
    """
    cdef Floor* floor = &sight.floor
    cdef int32_t cost, places, free
    cdef int32_t at = NONE
    cdef Agent* agent
    cdef list held = [0] * floor.profile_count
    cdef list online = [0] * floor.profile_count
    cdef list idle = [0] * floor.profile_count
    for _ in range(floor.agents.count):
        at = store_next(&floor.agents, at + 1)
        agent = agent_at(floor, at)
        if agent.presence == OFFLINE or not (floor.policies[agent.policy].open >> channel) & 1:
            continue
        if is_excluded(floor, contact, at):
            continue
        online[agent.profile] += 1
        if agent.presence != AVAILABLE or agent.next_presence != NONE:
            continue
        cost = cost_for(floor, agent, channel, own_cost, floor.queues[queue].cost)
        places = places_of(floor, at, channel, cost)
        held[agent.profile] += places
        if places and agent.pending < agent.offers_max and agent.suspended == 0:
            free = 1 if cost <= 0 else (agent.capacity - agent.taken) // cost
            idle[agent.profile] += min(max(free, 0), places)
    return held, online, idle


def shared(Sight sight, int class_slot, bytearray ranks, list places) -> tuple:
    """Return how many places a class has in all, with agents shared with the asker, and with those who rank it before.

    O(profiles).
    """
    cdef Floor* floor = &sight.floor
    cdef int32_t profile, rank
    cdef int64_t whole = 0
    cdef int64_t both = 0
    cdef int64_t before = 0
    cdef int64_t count
    for profile in range(floor.profile_count):
        count = places[profile]
        rank = rank_of(floor, class_slot, profile) if count else 0
        if rank:
            whole += count
            if ranks[profile]:
                both += count
                if rank < <int32_t>ranks[profile]:
                    before += count
    return whole, both, before


def profiles_of(Sight sight, int class_slot) -> list:
    """Return the profiles whose agents serve a class. O(profiles that do)."""
    cdef Bands* row = &sight.floor.classes[class_slot].row
    cdef int32_t band, at
    return sorted([row.bands[band].slots[at] for band in range(row.count) for at in range(row.bands[band].count)])


def profiles_first(Sight sight, int class_slot) -> list:
    """Return those of them that serve no class at a rank before this one's. O(profiles that do)."""
    cdef Floor* floor = &sight.floor
    cdef Bands* row = &floor.classes[class_slot].row
    cdef int32_t band, at, profile
    cdef list found = []
    for band in range(row.count):
        for at in range(row.bands[band].count):
            profile = row.bands[band].slots[at]
            if has_no_rank_before(&floor.profiles[profile].row, row.bands[band].rank):
                found.append(profile)
    return sorted(found)


cdef bint has_no_rank_before(Bands* row, int32_t rank) noexcept nogil:
    cdef int32_t at
    for at in range(row.count):
        if row.bands[at].count and row.bands[at].rank < rank:
            return False
    return True


def undisputed(Sight sight, bytearray ranks) -> bytearray:
    """Return the ranks of an asker without the agents who serve any class at a rank before the asker's. O(profiles)."""
    cdef Floor* floor = &sight.floor
    cdef int32_t profile
    cdef bytearray found = bytearray(ranks)
    for profile in range(floor.profile_count):
        if not has_no_rank_before(&floor.profiles[profile].row, <int32_t>ranks[profile]):
            found[profile] = 0
    return found


def in_hand(Sight sight, bytearray ranks) -> dict:
    """Return how much work the available agents of an asker have in hand, by (queue, channel). O(agents + their legs)."""
    cdef Floor* floor = &sight.floor
    cdef int32_t leg
    cdef int32_t at = NONE
    cdef Agent* agent
    cdef dict found = {}
    for _ in range(floor.agents.count):
        at = store_next(&floor.agents, at + 1)
        agent = agent_at(floor, at)
        if agent.presence != AVAILABLE or not ranks[agent.profile]:
            continue
        leg = agent.first_leg
        while leg != NONE:
            if leg_at(floor, leg).state != LEG_SUSPENDED:
                key = leg_at(floor, leg).queue, leg_at(floor, leg).channel
                found[key] = found.get(key, 0) + 1
            leg = leg_at(floor, leg).next_of_agent
    return found


def arrivals(Sight sight, int contact, int64_t since, int tier, int64_t head_start) -> dict:
    """Return the contacts known that came at or after a moment: by (queue, channel), then by what they have before the asker.

    That is 1, 0 or -1 for a higher, the same or a lower tier, and the lead in head start, which is 0 where it is less or the
    tier is another. Contacts that ended are known as long as they are retained. O(contacts).
    """
    cdef Floor* floor = &sight.floor
    cdef int32_t at = store_next(&floor.contacts, 0)
    cdef Contact* other
    cdef dict found = {}
    cdef dict cell
    cdef int above
    cdef int64_t lead
    while at != NONE:
        other = contact_at(floor, at)
        if at != contact and since <= other.place_at <= floor.now:
            above = (other.tier > tier) - (other.tier < tier)
            lead = other.head_start - head_start if above == 0 and other.head_start > head_start else 0
            cell = found.setdefault((other.queue, other.channel), {})
            cell[above, lead] = cell.get((above, lead), 0) + 1
        at = store_next(&floor.contacts, at + 1)
    return found
