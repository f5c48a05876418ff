from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Agent, ContactClass, Floor
from ccroute.core.room cimport Ask, Room

cdef struct Passed:               # pairs of channel and tier whose contacts are passed over for an agent
    int32_t count
    int32_t channels[64]
    int32_t tiers[64]

cdef int32_t own_offer(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef void room_beside(Floor* floor, int32_t agent, int32_t own, int32_t channel, Room* room) noexcept nogil
cdef bint is_offered(Floor* floor, int32_t contact) noexcept nogil
cdef bint has_company(Floor* floor, int32_t contact, int32_t beside, int32_t but) noexcept nogil
cdef bint takes(Agent* agent, ContactClass* one) noexcept nogil
cdef int32_t first_fitting(Floor* floor, int32_t class_slot, int32_t agent, Passed* passed) noexcept nogil
cdef bint is_passed_over(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef int64_t why_absent(Floor* floor, int32_t agent) noexcept nogil
cdef int64_t why_no_room_beside(Floor* floor, int32_t agent, int32_t own, Ask* ask) noexcept nogil
cdef int64_t why_not(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef int64_t why_not_consulted(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef int64_t why_not_agent(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
