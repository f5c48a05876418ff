from cpython.object cimport PyObject

# Offsets of fields that every call reads, in bytes from the begin of the struct.
cdef Py_ssize_t COMMAND_ID
cdef Py_ssize_t ACTOR
cdef Py_ssize_t CONTACT_ID, QUEUE_ID, CHANNEL, CUSTOMER_ID, CONVERSATION_ID, PARENT_ID, REQUIRES, TIER, HEAD_START_US
cdef Py_ssize_t EXCLUDED, SCORES, ATTRIBUTES, COST, PARKED
cdef Py_ssize_t PREFERRED, PREFERRED_WAIT_US, PREFERRED_SCOPE, PREFERRED_REQUIRES, PLAN, LIMITS, DUE_AT_US, KEEPS_PLACE
cdef Py_ssize_t CLOCK, UNTIL_US
cdef Py_ssize_t ACCEPT_OFFER_ID
cdef Py_ssize_t COMPLETE_CONTACT_ID, COMPLETE_AGENT_ID, COMPLETE_DISPOSITION, COMPLETE_WRAP_UP_US

cdef inline object read(object struct, Py_ssize_t offset):
    """Return a field of a struct of the very class that the offset was found for."""
    return <object>(<PyObject**>(<char*><PyObject*>struct + offset))[0]
