from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Contact, Floor, i128, u128

cdef int waiting_open(Floor* floor, int32_t contacts_max, int32_t classes_max) noexcept nogil
cdef void waiting_close(Floor* floor) noexcept nogil
cdef int32_t class_open(Floor* floor, int32_t queue, int32_t channel, int32_t own_cost, int32_t kind) noexcept nogil
cdef void class_close(Floor* floor, int32_t slot) noexcept nogil
cdef void set_word(Floor* floor, Contact* contact) noexcept nogil
cdef int32_t class_join(Floor* floor, int32_t slot) noexcept nogil
cdef void class_enter(Floor* floor, int32_t slot) noexcept nogil
cdef void class_leave(Floor* floor, int32_t slot) noexcept nogil
cdef void class_show(Floor* floor, int32_t slot) noexcept nogil
cdef void mark_class(Floor* floor, int32_t slot) noexcept nogil
cdef u128 aged_word(Floor* floor, Contact* contact) noexcept nogil
cdef int64_t place_in_line(Floor* floor, int32_t slot) noexcept nogil
cdef int64_t place_now(Floor* floor, Contact* contact) noexcept nogil
cdef int64_t waited_by(Floor* floor, Contact* contact) noexcept nogil

cdef inline i128 aged(Floor* floor, int32_t slope) noexcept nogil:
    """Return what a word of this slope has lost by now: words less this compare across slopes."""
    return <i128>slope * <i128>floor.now
