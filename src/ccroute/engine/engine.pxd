from libc.stdint cimport int64_t

from ccroute.engine.names cimport Names
from ccroute.engine.output cimport Output

cdef class Engine:
    cdef Names names
    cdef Output output
    cdef bint is_closed
    cdef bint is_busy
    cdef bint is_moving                   # something has moved in this call: an exception from here on is ours
    cdef bint is_fresh                    # no call has been taken yet: the first may jump
    cdef unsigned long owner              # thread inside, while busy
    cdef int64_t forks                    # forks of the process at birth
    cdef int64_t commands                 # carried out, refused or repeated
    cdef object jump_max
    cdef int64_t command_ids_max
    cdef dict command_ids                 # id → (first seq, count)
    cdef object command_order             # ids, oldest first

    cdef int start(self, Names names, int64_t seq) except -1
    cdef int enter(self) except -1
    cdef int64_t moment(self, object at_us, str argument, int64_t now, bint allow_jump, bint is_first) except -1
    cdef int run_until(self, int64_t to, list events) except -1
    cdef list carry_out(self, object command, int64_t at_us)
    cdef int take_settings(self) except -1
    cdef bint remove_drained(self, list events) except -1
    cdef int note_id(self, object command_id, int64_t first_seq, int64_t count) except -1
    cdef object failed(self, object error)
    cdef object query(self, question, tuple arguments=*, dict options=*)
