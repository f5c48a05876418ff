"""Preferred agents: for whom a contact is kept a while, and when it waits for anybody."""

from ccroute.core.changes cimport reclass_as_found
from ccroute.core.courses cimport count_favours, phase_forget
from ccroute.core.defs cimport (
    AVAILABLE, AWAY, HOST_CLASS, NONE, PREFERRED_BOUND, PREFERRED_NOBODY, PREFERRED_WAITED, RECORD_PREFERRED_ENDED, Queue,
    Record, agent_at, contact_at, int64_t, uint16_t, write,
)


cdef bint is_there(Floor* floor, Queue* queue, int32_t agent) noexcept nogil:
    """Say whether a preferred agent is online."""
    cdef int presence = agent_at(floor, agent).presence
    return presence == AVAILABLE or (presence == AWAY and queue.prefers_away)


cdef bint has_favourite(Floor* floor, Contact* contact, Course* course) noexcept nogil:
    cdef int at
    for at in range(course.preferred_count):
        if (course.kept >> at) & 1 and is_there(floor, &floor.queues[contact.queue], course.preferred[at]):
            return True
    return False


cdef int check_phase(Floor* floor, int32_t slot, Course* course) noexcept nogil:
    """Begin or end the time in which a contact waits for its preferred agents only. Return -1 without memory."""
    cdef Contact* contact = contact_at(floor, slot)
    if course.is_preferring:
        if floor.now >= course.preferring_until:
            return end_phase(floor, slot, course, PREFERRED_WAITED)
        if not has_favourite(floor, contact, course):
            return end_phase(floor, slot, course, PREFERRED_NOBODY)
        return 0
    if course.wants_phase:
        course.wants_phase = 0
        return begin_phase(floor, slot, course)
    return 0


cdef int begin_phase(Floor* floor, int32_t slot, Course* course) noexcept nogil:
    """Keep a contact for those of its preferred agents for whom not too many wait, if one of them is online."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Queue* queue = &floor.queues[contact.queue]
    cdef int64_t wait = queue.preferred_wait if course.preferred_wait == NONE else course.preferred_wait
    cdef int64_t since = contact.in_queue_at if course.preferring_from == NONE else floor.now
    cdef int at
    if course.preferred_count == 0 or since + wait <= floor.now:
        return 0
    course.kept = 0
    for at in range(course.preferred_count):
        if agent_at(floor, course.preferred[at]).favours < queue.prefers_max:
            course.kept |= <uint16_t>1 << at
    if course.kept == 0:
        tell_phase_ended(floor, slot, PREFERRED_BOUND)
        return 0
    if not has_favourite(floor, contact, course):
        tell_phase_ended(floor, slot, PREFERRED_NOBODY)
        return 0
    course.is_preferring = 1
    course.preferring_until = since + wait
    floor.phases.items[floor.phases.count] = slot
    floor.phases.count += 1
    count_favours(floor, course, True)
    return class_anew(floor, slot, course)


cdef void tell_phase_ended(Floor* floor, int32_t slot, int why) noexcept nogil:
    cdef Record* record = write(floor, RECORD_PREFERRED_ENDED)
    record.contact = slot
    record.queue = contact_at(floor, slot).queue
    record.x = why


cdef int end_phase(Floor* floor, int32_t slot, Course* course, int why) noexcept nogil:
    """Have a contact wait for anybody."""
    tell_phase_ended(floor, slot, why)
    phase_forget(floor, course)
    return class_anew(floor, slot, course)


cdef int class_anew(Floor* floor, int32_t slot, Course* course) noexcept nogil:
    """Put a contact into the class that goes with its course as it is now."""
    floor.wanted_queue = contact_at(floor, slot).queue
    floor.wanted_plan = course.ruled_plan
    floor.wanted_step = course.ruled_step
    if floor.host(floor.host_self, HOST_CLASS, slot, NONE, NONE) < 0:
        return -1
    reclass_as_found(floor, slot)
    return 0
