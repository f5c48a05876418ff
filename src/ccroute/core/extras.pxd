from libc.stdint cimport int32_t

from ccroute.core.defs cimport Extra, Floor, Terms

cdef int extras_open(Floor* floor, int32_t limit) noexcept nogil
cdef void extras_close(Floor* floor) noexcept nogil
cdef Extra* extra_for(Floor* floor, int32_t contact) noexcept nogil
cdef void extra_drop(Floor* floor, int32_t contact) noexcept nogil
cdef int terms_ready(Floor* floor, Terms* terms, Extra* into) noexcept nogil
cdef void terms_swap(Extra* extra, Extra* ready) noexcept nogil
cdef void terms_release(Extra* extra) noexcept nogil
cdef int32_t version_of(Floor* floor, int32_t contact) noexcept nogil
cdef int32_t version_up(Floor* floor, int32_t contact) noexcept nogil
cdef bint is_direct(Floor* floor, int32_t contact) noexcept nogil
