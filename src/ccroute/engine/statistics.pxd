from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Record
from ccroute.engine.accounts cimport Accounts, Entry, Track
from ccroute.engine.tallies cimport Sketch, Tally

cdef class Statistics(Accounts):
    cdef int fold(self, Record* record) except -1
    cdef int come(self, Track* track, Record* record) except -1
    cdef int move(self, Track* track, int32_t queue, int32_t channel, int64_t now) except -1
    cdef int transfer(self, Track* track, Record* record) except -1
    cdef int end(self, Track* track, Record* record, int how) except -1
    cdef int make_offer(self, Track* track, Record* record) except -1
    cdef int end_offer(self, Track* track, Record* record) except -1
    cdef int count_with(self, int what, Entry* entry, int64_t now) except -1
    cdef int begin_leg(self, Track* track, Record* record) except -1
    cdef int confirm(self, Track* track) except -1
    cdef int move_leg(self, Track* track, Record* record) except -1
    cdef int end_leg(self, Track* track, Record* record) except -1
    cdef int undo(self, Track* track, Entry* entry, int64_t now) except -1
    cdef int unmeasure(self, Tally* tally, Sketch* sketch, Track* track) except -1
    cdef int note_presence(self, Record* record, object label) except -1
