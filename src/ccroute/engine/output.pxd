from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Record
from ccroute.engine.names cimport Names

cdef class Output:
    cdef Names names
    cdef int64_t seq                      # of the last event
    cdef int64_t at                       # of the record at hand
    cdef object at_us                     # the same, as events tell it
    cdef int64_t last_offer               # seq of the id at hand
    cdef str last_offer_id

    cdef list events                      # where events go
    cdef object command                   # at hand, None where only timers run
    cdef object cause
    cdef object actor

    cdef void begin(self, list events, object command, object cause) noexcept
    cdef int drain(self) except -1
    cdef str rule_cause(self, int32_t rule)
    cdef object of_time(self, Record* record, dict own, object queue_id)
    cdef object event(self, Record* record, object command, object cause, object actor)
    cdef object rank_of(self, Record* record, object queue_id)
    cdef str offer_id(self, int64_t seq)
    cdef object queued(self, Record* record, object cause, object actor)
    cdef int note_gave_way(self, Record* record, str event, object reason, int32_t by) except -1
    cdef object less_frequent(
        self, Record* record, object contact_id, object agent_id, object queue_id, object command, object cause, object actor
    )
    cdef object rare(self, Record* record, dict own, object queue_id, object command)
    cdef object rescinded(self, Record* record, dict own, object agent_id)
    cdef object other_contact(self, int64_t slot)
    cdef object of_agent(self, Record* record, object command, object cause, object actor)
    cdef object refused(self, object command, object cause, int64_t at_us, int reason)
    cdef object repeated(self, object command, object cause, int64_t at_us, int64_t first_seq, int64_t count)
