from libc.stdint cimport int32_t, int64_t

from ccroute.core.acd cimport Acd
from ccroute.engine.statistics cimport Statistics

cdef class Names:
    cdef readonly Acd acd
    cdef readonly object standing         # engine.standing.Standing
    cdef dict draining_queues             # queues that take no new contacts
    cdef readonly dict draining           # key paths of what is to be removed as soon as it is in use no more
    cdef public object prepared           # what a command on the configuration was found to change, until it does
    cdef public object told               # engine.standing.Told of the change just made, until it is told
    cdef readonly object classes          # engine.classes.Classes
    cdef readonly object plans            # engine.plans.Plans
    cdef object output                    # engine.output.Output: drained before what it reads is changed
    cdef object host_error                # what went wrong when the core asked
    cdef object draft                     # what a callback takes over, while it is made
    cdef readonly dict callbacks          # by customer, the slots of callbacks they are owed
    cdef readonly dict members            # by queue slot, the agents that serve it, where somebody asked
    cdef readonly list lost_labels        # of agents before they were lost
    cdef dict requirements                # texts known to be right
    cdef dict quick_classes               # class slot by queue, channel, own cost, own text
    cdef readonly dict queue_slots
    cdef readonly dict channel_slots
    cdef readonly dict agent_slots
    cdef readonly dict contact_slots               # the latest contact of an id
    cdef readonly list queue_ids
    cdef readonly list channel_ids
    cdef readonly list agent_ids
    cdef readonly list agent_labels
    cdef readonly list next_labels
    cdef readonly list contacts                    # EnqueueContact by contact slot
    cdef readonly dict attributes                  # by contact slot, where there are any: nobody else can change these
    cdef readonly dict dispositions                # by contact slot, where one was given
    cdef readonly Statistics statistics
    cdef readonly dict gave_way                    # engine.explain.GaveWay by contact slot, the last one
    cdef public object pending            # the consult that is being begun, whose slot is not known yet

    cdef int32_t contact_slot(self, object reference, str argument) except -2
    cdef int32_t agent_slot(self, object reference, str argument) except -2
    cdef int remember(self, int32_t slot, object command) except -1
    cdef int keep_attributes(self, int32_t slot, object given) except -1
    cdef int forget(self, int32_t slot) except -1
    cdef int note(self, int32_t slot, object command) except -1
    cdef int settle_callback(self, int32_t slot) except -1
    cdef int count_anew(self) except -1
    cdef int forget_due(self, int64_t at) except -1
