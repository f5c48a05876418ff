from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Extra, Floor, Path, Terms

cdef enum:                        # ChangeOffers: what becomes of offers out
    CHANGE_RECHECKS = 0
    CHANGE_KEEPS = 1

cdef void do_transfer(
    Floor* floor, int32_t contact, int32_t agent, int32_t class_slot, int32_t to_agent, bint warm, int32_t keeps_place,
    bint to_queue, Extra* ready, Path* path
) noexcept nogil
cdef void do_consult(Floor* floor, int32_t parent, int32_t child, int32_t to_agent) noexcept nogil
cdef int32_t consulted_leg(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef int64_t why_not_joined(Floor* floor, int32_t contact, int32_t leg) noexcept nogil
cdef void do_join(Floor* floor, int32_t contact, int32_t agent, int32_t class_slot, int32_t to_agent, Extra* ready) noexcept nogil
cdef int64_t why_not_channel(Floor* floor, int32_t contact, int32_t channel, int32_t own_cost, int32_t queue, int32_t tier) noexcept nogil
cdef void do_change_channel(Floor* floor, int32_t contact, int32_t class_slot, bint requeues, Extra* ready) noexcept nogil
cdef void do_change(Floor* floor, int32_t contact, int32_t class_slot, Terms* terms, int place, int offers, int parked, Extra* ready) noexcept nogil
cdef void reclass_as_found(Floor* floor, int32_t contact) noexcept nogil
cdef void tie_up(Floor* floor, int32_t contact) noexcept nogil
cdef bint still_offered(Floor* floor, int32_t offer, bint channel_only) noexcept nogil
