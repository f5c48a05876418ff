from libc.stdint cimport int32_t

from ccroute.core.defs cimport Band, Bands, Floor

cdef int row_set(Floor* floor, int32_t class_slot, int32_t profile, int32_t rank) noexcept nogil
cdef void row_clear(Floor* floor, int32_t class_slot) noexcept nogil
cdef void band_clear(Band* band, int32_t slot) noexcept nogil
cdef void row_free(Bands* row) noexcept nogil
cdef void rows_forget(Floor* floor) noexcept nogil
cdef int32_t rank_of(Floor* floor, int32_t class_slot, int32_t profile) noexcept nogil
