"""Where the fields of the most frequent commands lie, so that reading one costs a load instead of a look-up by name.

The offsets are those of the classes' own member descriptors, which are part of CPython's interface.
"""

import inspect

from ccroute.commands import AcceptOffer, CompleteContact, EnqueueContact

cdef extern from "structmember.h":
    ctypedef struct PyMemberDef:
        Py_ssize_t offset

    ctypedef struct PyMemberDescrObject:
        PyMemberDef* d_member

    int is_member "PyObject_TypeCheck"(object, void*)
    void* MEMBER_TYPE "&PyMemberDescr_Type"


cdef Py_ssize_t offset_of(object struct, str name) except -1:
    """Return the offset of a field."""
    cdef object descriptor = inspect.getattr_static(struct, name)
    if not is_member(descriptor, MEMBER_TYPE):
        raise TypeError(f"{struct.__name__}.{name} is no member")
    return (<PyMemberDescrObject*><PyObject*>descriptor).d_member.offset


COMMAND_ID = offset_of(EnqueueContact, "command_id")
ACTOR = offset_of(EnqueueContact, "actor")
CONTACT_ID = offset_of(EnqueueContact, "contact_id")
QUEUE_ID = offset_of(EnqueueContact, "queue_id")
CHANNEL = offset_of(EnqueueContact, "channel")
CUSTOMER_ID = offset_of(EnqueueContact, "customer_id")
CONVERSATION_ID = offset_of(EnqueueContact, "conversation_id")
PARENT_ID = offset_of(EnqueueContact, "parent_id")
REQUIRES = offset_of(EnqueueContact, "requires")
TIER = offset_of(EnqueueContact, "tier")
HEAD_START_US = offset_of(EnqueueContact, "head_start_us")
EXCLUDED = offset_of(EnqueueContact, "excluded")
SCORES = offset_of(EnqueueContact, "scores")
ATTRIBUTES = offset_of(EnqueueContact, "attributes")
COST = offset_of(EnqueueContact, "cost")
PARKED = offset_of(EnqueueContact, "parked")
PREFERRED = offset_of(EnqueueContact, "preferred")
PREFERRED_WAIT_US = offset_of(EnqueueContact, "preferred_wait_us")
PREFERRED_SCOPE = offset_of(EnqueueContact, "preferred_scope")
PREFERRED_REQUIRES = offset_of(EnqueueContact, "preferred_requires")
PLAN = offset_of(EnqueueContact, "plan")
LIMITS = offset_of(EnqueueContact, "limits")
DUE_AT_US = offset_of(EnqueueContact, "due_at_us")
KEEPS_PLACE = offset_of(EnqueueContact, "keeps_place")
CLOCK = offset_of(EnqueueContact, "clock")
UNTIL_US = offset_of(EnqueueContact, "until_us")
ACCEPT_OFFER_ID = offset_of(AcceptOffer, "offer_id")
COMPLETE_CONTACT_ID = offset_of(CompleteContact, "contact_id")
COMPLETE_AGENT_ID = offset_of(CompleteContact, "agent_id")
COMPLETE_DISPOSITION = offset_of(CompleteContact, "disposition")
COMPLETE_WRAP_UP_US = offset_of(CompleteContact, "wrap_up_us")
