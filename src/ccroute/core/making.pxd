from libc.stdint cimport int32_t, int64_t, uint8_t

from ccroute.core.defs cimport Floor
from ccroute.core.room cimport Aside

cdef struct Making:               # how an offer is made
    int32_t rank
    int32_t victim                # contact that gives way, NONE without
    uint8_t mode                  # as told; in MODE_AUTO, and where it is accepted at once, without a timer
    bint accepts                  # it is accepted at once
    bint is_exempt                # whatever its agent has room for

cdef void clear_offers(Floor* floor, int32_t contact, Aside* aside) noexcept nogil
cdef int32_t giving_way(Floor* floor, Aside* aside) noexcept nogil
cdef void make_offer(Floor* floor, int32_t contact, int32_t agent, Making* how) noexcept nogil
cdef void offer_in_turn(
    Floor* floor, int32_t contact, int32_t agent, int32_t rank, int32_t victim, Aside* aside
) noexcept nogil
cdef void offer_plainly(Floor* floor, int32_t contact, int32_t agent, int32_t rank) noexcept nogil
cdef int64_t why_not_directly(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef int32_t rank_served(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef int32_t rank_told(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef void offer_directly(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef void accept(Floor* floor, int32_t offer) noexcept nogil
cdef bint fits_alone(Floor* floor, int32_t offer) noexcept nogil
cdef int32_t stands_on(Floor* floor, int32_t offer, Aside* aside) noexcept nogil
