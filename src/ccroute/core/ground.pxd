from ccroute.core.defs cimport Floor, Step


cdef inline int room(int status) except -1:
    """Turn a kernel's -1 into MemoryError."""
    if status < 0:
        raise MemoryError("the core has no memory for this call; nothing has moved")
    return status


cdef class Ground:
    cdef Floor floor
    cdef int open_channels(self, channels) except -1
    cdef void let_suspend(self) noexcept
    cdef int open_selects(self, selects) except -1
    cdef int grow_trials(self) except -1
    cdef int open_plans(self) except -1
    cdef int set_step(self, Step* one, dict step) except -1
