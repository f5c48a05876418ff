"""Courses on the tape of a snapshot: kept whole, with the plans they carry under numbers of the snapshot's own."""

from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint8_t

from ccroute.core.courses cimport NO_PLAN, count_favours, course_for
from ccroute.core.defs cimport (
    CONTACT_QUEUED, FLAG_LIMITS, NONE, PLAN_STEPS_MAX, PREFERRED_MAX, UNSAID, Contact, contact_at,
)
from ccroute.core.soundness cimport require
from ccroute.core.store cimport slots_append, slots_reserve, store_reserve

cdef enum:
    TIME_MAX = 9007199254740991
    LENGTH_TOP = 10000000
    COUNT_TOP = 2147483647
    FLAGS_TOP = 4095
    FIELDS_TOP = 16383
    SCOPE_MEMBERS = 0

cdef int64_t DURATION_TOP = 7776000000000
cdef int64_t MOMENT_TOP = TIME_MAX + DURATION_TOP
cdef int64_t BITS_TOP = 4294967295


cdef int save_course(Tape tape, Course* course, dict plans) except -1:
    """Keep a course, or that there is none."""
    cdef int at
    if course == NULL:
        tape.put(0)
        return 0
    tape.put(1)
    for number in (
        course.lead, course.in_queue_max, course.ttl, course.length, course.preferred_wait,
        course.preferring_from, course.expires_at, course.expired_at, course.made_at,
        course.plan if course.plan < 0 else plans[course.plan], NONE if course.own_plan == NONE else plans[course.own_plan],
        NONE if course.ruled_plan == NONE else plans[course.ruled_plan], course.ruled_step, course.attempts,
        course.told_attempt, course.saw_closed, course.consumed[0], course.consumed[1], course.moved, course.ruled_fields,
        course.flags, course.answered, course.hours_done, course.told_limits, course.scope, course.requires, course.wants_phase, course.due_parks, course.due_runs,
        course.due_until, course.is_made,
        course.preferred_count,
    ):
        tape.put(number)
    for at in range(course.preferred_count):
        tape.put(course.preferred[at])
    tape.put(course.is_preferring)
    if course.is_preferring:
        tape.put(course.preferring_until)
        tape.put(course.kept)
    return 0


cdef int load_course(Tape tape, Floor* floor, int32_t slot, list plans) except -1:
    """Take a course, if there is one. ``plans`` gives the plan of each number."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Course* course
    cdef int at
    cdef bint prefers = floor.classes[contact.class_slot].is_preferring
    if tape.take(0, 1) == 0:
        return require(not prefers, "who waits for preferred agents has some")
    if store_reserve(&floor.courses, 1) or slots_reserve(&floor.phases, floor.phases.count + 1):
        raise MemoryError
    course = course_for(floor, slot)
    course.lead = tape.take(0, floor.now)
    course.in_queue_max = tape.take(NONE, DURATION_TOP)
    course.ttl = tape.take(NONE, DURATION_TOP)
    course.length = <int32_t>tape.take(NONE, LENGTH_TOP)
    course.preferred_wait = tape.take(NONE, DURATION_TOP)
    course.preferring_from = tape.take(NONE, floor.now)
    course.expires_at = tape.take(NONE, MOMENT_TOP)
    course.expired_at = tape.take(NONE, MOMENT_TOP)
    course.made_at = tape.take(NONE, floor.now)
    course.plan = <int32_t>tape.take(NO_PLAN, len(plans) - 1)
    course.own_plan = <int32_t>tape.take(NONE, len(plans) - 1)
    course.ruled_plan = <int32_t>tape.take(NONE, len(plans) - 1)
    course.ruled_step = <int32_t>tape.take(0, PLAN_STEPS_MAX - 1)
    load_plans(floor, course, plans)
    course.attempts = <int32_t>tape.take(0, COUNT_TOP)
    course.told_attempt = <int32_t>tape.take(0, COUNT_TOP)
    course.saw_closed = <uint8_t>tape.take(0, 1)
    course.consumed[0] = <uint32_t>tape.take(0, BITS_TOP)
    course.consumed[1] = <uint32_t>tape.take(0, BITS_TOP)
    course.moved = <uint32_t>tape.take(0, BITS_TOP)
    course.ruled_fields = <uint32_t>tape.take(0, FIELDS_TOP)
    course.flags = <uint16_t>tape.take(0, FLAGS_TOP)
    course.answered = <uint16_t>tape.take(0, FLAG_LIMITS)
    course.hours_done = <uint8_t>tape.take(0, 1)
    course.told_limits = <uint8_t>tape.take(0, FLAG_LIMITS >> 9)
    course.scope = take_small(tape)
    course.requires = take_small(tape)
    course.wants_phase = <uint8_t>tape.take(0, 1)
    course.due_parks = <uint8_t>tape.take(0, 1)
    course.due_runs = <uint8_t>tape.take(0, 1)
    course.due_until = tape.take(NONE, TIME_MAX)
    course.is_made = <uint8_t>tape.take(0, 1)
    course.preferred_count = <int32_t>tape.take(0, PREFERRED_MAX)
    for at in range(course.preferred_count):
        course.preferred[at] = <int32_t>tape.take(0, floor.agents.count - 1)
    course.is_preferring = <uint8_t>tape.take(0, 1)
    require(course.is_preferring == prefers, "who waits for preferred agents is in a class of such")
    if course.is_preferring:
        course.preferring_until = tape.take(0, MOMENT_TOP)
        course.kept = <uint16_t>tape.take(0, (1 << course.preferred_count) - 1)
        slots_append(&floor.phases, slot)
        if contact.state == CONTACT_QUEUED:
            count_favours(floor, course, True)
    return 0


cdef uint8_t take_small(Tape tape) except? 77:
    """Take a setting that is 0, 1 or not said."""
    cdef int64_t value = tape.take(0, UNSAID)
    require(value <= 1 or value == UNSAID, "a setting is said or not")
    return <uint8_t>value


cdef int load_plans(Floor* floor, Course* course, list plans) except -1:
    """Turn numbers of the snapshot into plans, and count who carries them."""
    if course.plan >= 0:
        course.plan = plans[course.plan]
        require(floor.plans[course.plan].queue != NONE, "a plan that is kept was a queue's")
        floor.plans[course.plan].refs += 1
    if course.own_plan != NONE:
        course.own_plan = plans[course.own_plan]
        require(floor.plans[course.own_plan].queue == NONE, "a plan of its own is no queue's")
        floor.plans[course.own_plan].refs += 1
    if course.ruled_plan != NONE:
        course.ruled_plan = plans[course.ruled_plan]
        require(course.ruled_step < floor.plans[course.ruled_plan].count, "a requirement is that of a step")
        floor.plans[course.ruled_plan].rulings += 1
    return 0
