from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Floor
from ccroute.core.room cimport Aside

cdef int64_t why_not_picked(Floor* floor, int32_t contact, int32_t agent, int32_t* offers, Aside* aside) noexcept nogil
cdef void do_pick(Floor* floor, int32_t contact, int32_t agent, int32_t offers, Aside* aside) noexcept nogil
cdef int64_t why_not_assigned(Floor* floor, int32_t contact, int32_t agent, int64_t ignored, bint as_active) noexcept nogil
cdef void do_assign(Floor* floor, int32_t contact, int32_t agent, int64_t ignored, bint as_active) noexcept nogil
