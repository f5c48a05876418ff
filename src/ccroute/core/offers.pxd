from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Floor

cdef int offers_open(Floor* floor, int32_t limit) noexcept nogil
cdef void offers_close(Floor* floor) noexcept nogil
cdef int offers_reserve(Floor* floor, int32_t count) noexcept nogil
cdef int32_t offer_find(Floor* floor, int64_t seq) noexcept nogil
cdef void offer_link(Floor* floor, int32_t slot, int64_t seq, int32_t contact, int32_t agent, int32_t cost) noexcept nogil
cdef void offer_unlink(Floor* floor, int32_t slot) noexcept nogil
