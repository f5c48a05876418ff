from libc.stdint cimport int32_t, int64_t, uint8_t

from ccroute.core.defs cimport Floor

cdef void agent_take(Floor* floor, int32_t agent, int32_t channel, int32_t cost) noexcept nogil
cdef void agent_give(Floor* floor, int32_t agent, int32_t channel, int32_t cost) noexcept nogil
cdef void lift_offer_bar(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef void tell_exhausted(Floor* floor, int32_t contact) noexcept nogil
cdef void rescind(Floor* floor, int32_t offer, int reason, int32_t by) noexcept nogil
cdef void rescind_all(Floor* floor, int32_t contact, int reason) noexcept nogil
cdef void decline(Floor* floor, int32_t offer, bint by_command, uint8_t kind, int64_t cool) noexcept nogil
cdef void expire(Floor* floor, int32_t offer) noexcept nogil
cdef void withdraw(Floor* floor, int32_t contact) noexcept nogil
cdef void cool_by(Floor* floor, int32_t contact, int32_t agent, uint8_t kind, int64_t cool) noexcept nogil
