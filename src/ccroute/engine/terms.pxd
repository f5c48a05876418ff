from libc.stdint cimport int32_t, int64_t, uint64_t

from ccroute.core.defs cimport Terms
from ccroute.engine.checks cimport EXCLUDED_TOP, SCORES_TOP
from ccroute.engine.names cimport Names

cdef struct Brought:                  # Terms, and room for what they point to
    Terms terms
    int32_t excluded[EXCLUDED_TOP]
    int32_t scored[SCORES_TOP]
    int64_t scores[SCORES_TOP]

cdef int32_t class_for(
    Names names, object queue, object channel, object cost, object requires, object tier, object attributes,
    object ruled=*
) except -1
cdef object own_tier(Names names, int32_t contact)
cdef object own_head_start(Names names, int32_t contact)
cdef object ruled_text(Names names, int32_t plan, int32_t step)
cdef int32_t class_of_contact(
    Names names, int32_t contact, object queue, object channel, object known, object tier, object attributes, Brought* brought,
    list held
) except -1
cdef object bring_allowed(
    Names names, Brought* brought, int32_t class_slot, object requires, object tier, object attributes, object ruled=*
)
cdef int bring(Names names, Brought* brought, object tier, object head_start, object excluded, object scores) except -1
