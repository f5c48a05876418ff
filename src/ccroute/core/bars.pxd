from libc.stdint cimport int32_t, int64_t, uint8_t

from ccroute.core.defs cimport Floor

cdef int32_t bar_find(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef bint is_barred(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef void bar_link(Floor* floor, int32_t slot, int32_t contact, int32_t agent, uint8_t why) noexcept nogil
cdef int32_t bar_add(Floor* floor, int32_t contact, int32_t agent, uint8_t why) noexcept nogil
cdef void bar_lift(Floor* floor, int32_t slot, uint8_t why) noexcept nogil
cdef void bars_lift_all(Floor* floor, int32_t contact) noexcept nogil
cdef void cool_down(Floor* floor, int32_t contact, int32_t agent, uint8_t kind, int64_t until) noexcept nogil
cdef void lift_until_available(Floor* floor, int32_t agent) noexcept nogil
