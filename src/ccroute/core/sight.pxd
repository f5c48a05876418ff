from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Contact, Extra
from ccroute.core.ground cimport Ground
from ccroute.core.room cimport Aside

cdef class Sight(Ground):
    cdef int64_t contact_handle(self, int32_t slot) noexcept
    cdef int32_t contact_slot(self, int64_t handle) noexcept
    cdef dict extra(self, Contact* one)
    cdef dict course(self, Extra* extra)
    cdef list things(self, Aside* aside)
    cdef dict per_channel(self, int32_t* units)
