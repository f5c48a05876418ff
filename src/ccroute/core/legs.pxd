from libc.stdint cimport int32_t

from ccroute.core.defs cimport Floor

cdef int32_t leg_find(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef int32_t leg_first(Floor* floor, int32_t contact, int32_t above) noexcept nogil
cdef int32_t legs_at_work(Floor* floor, int32_t contact) noexcept nogil
cdef void leg_link(
    Floor* floor, int32_t slot, int32_t contact, int32_t agent, int32_t channel, int32_t cost
) noexcept nogil
cdef void leg_sort(Floor* floor, int32_t agent) noexcept nogil
cdef void leg_unlink(Floor* floor, int32_t slot) noexcept nogil
