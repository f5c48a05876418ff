from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Floor, u128

cdef struct Pair:                 # a candidate: the least pair found so far
    u128 word                     # place of the contact, rank included, aged to now
    int64_t seq                   # of the contact
    int32_t contact
    int32_t agent
    int32_t rank
    int32_t class_slot            # of the contact
    bint by_aside                 # the agent must set something aside

cdef bint best_contact(Floor* floor, int32_t agent, Pair* best) noexcept nogil
cdef bint best_agent(Floor* floor, int32_t contact, bint needs_company, Pair* best) noexcept nogil
cdef bint best_of_class(Floor* floor, int32_t class_slot, Pair* best) noexcept nogil
cdef bint pair_before(Pair* one, Pair* other) noexcept nogil
