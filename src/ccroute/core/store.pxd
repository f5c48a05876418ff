from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Slots, Store

cdef void* fresh(int64_t count, int64_t size) noexcept nogil
cdef int grow(void** memory, int64_t old_count, int64_t count, int64_t size) noexcept nogil
cdef void release(void* memory) noexcept nogil

cdef int store_open(Store* store, int32_t item, int32_t limit) noexcept nogil
cdef void store_close(Store* store) noexcept nogil
cdef int store_reserve(Store* store, int32_t count) noexcept nogil
cdef int store_reserve_slot(Store* store, int32_t slot) noexcept nogil
cdef int32_t store_take(Store* store) noexcept nogil
cdef void store_take_slot(Store* store, int32_t slot) noexcept nogil
cdef void store_give(Store* store, int32_t slot) noexcept nogil
cdef bint store_has(Store* store, int32_t slot) noexcept nogil
cdef int32_t store_next(Store* store, int32_t slot) noexcept nogil
cdef int64_t store_bytes(Store* store) noexcept nogil

cdef int slots_reserve(Slots* slots, int32_t count) noexcept nogil
cdef void slots_drop(Slots* slots, int32_t slot) noexcept nogil
cdef void slots_append(Slots* slots, int32_t slot) noexcept nogil
