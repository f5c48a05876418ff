"""Courses: what time does to a contact. Its plans and which of their steps are done, its limits, its preferred agents.

A contact without any of it has no course. What its course says is looked at in ``plans``, whenever the contact begins to
wait or something it waits for has come about: until then it stands in the list of those to be looked at.
"""

from ccroute.core.defs cimport (
    BRINGS_ASKS, BRINGS_CALLBACK, BRINGS_LIMITS, BRINGS_PLAN, BRINGS_PREFERRED, BRINGS_REQUIRES, BRINGS_SCOPE, BRINGS_WAIT,
    CONTACT_QUEUED, FLAG_ENTRY, FLAG_TTL, NONE, TIMER_CALLBACK, UNSAID, Contact, Extra, Queue, agent_at, contact_at, course_at,
    course_of, extra_at, is_aside,
)
from ccroute.core.extras cimport extra_for
from ccroute.core.store cimport (
    release, slots_append, slots_drop, store_close, store_give, store_open, store_take,
)
from ccroute.core.timers cimport timer_arm, timer_cancel

cdef enum:
    TTL_TOLD = 4                  # FLAG_TTL >> 9


cdef int courses_open(Floor* floor, int32_t limit) noexcept nogil:
    """Begin without courses. Return -1 without memory."""
    return store_open(&floor.courses, sizeof(Course), limit)


cdef void courses_close(Floor* floor) noexcept nogil:
    """Give all memory back."""
    store_close(&floor.courses)
    release(floor.ruled.items)
    release(floor.phases.items)


cdef Course* course_for(Floor* floor, int32_t contact) noexcept nogil:
    """Return the course of a contact, begun where it has none. Room was reserved."""
    cdef Extra* extra = extra_for(floor, contact)
    cdef Course* course
    if extra.course != NONE:
        return course_at(floor, extra.course)
    extra.course = store_take(&floor.courses)
    course = course_at(floor, extra.course)
    course.contact = contact
    course.in_queue_max = NONE
    course.ttl = NONE
    course.preferred_wait = NONE
    course.expires_at = NONE
    course.expired_at = NONE
    course.made_at = NONE
    course.due_until = NONE
    course.length = NONE
    course.plan = NONE
    course.own_plan = NONE
    course.ruled_plan = NONE
    course.asks = NONE
    course.timer_rule = NONE
    course.timer_callback = NONE
    course.scope = UNSAID
    course.requires = UNSAID
    course.preferring_from = NONE
    if contact_at(floor, contact).is_new_here:
        course.flags = FLAG_ENTRY
        course.wants_phase = 1
    return course


cdef void course_drop(Floor* floor, int32_t contact) noexcept nogil:
    """Forget the course of a contact that has ended."""
    cdef Extra* extra = extra_at(floor, contact_at(floor, contact).extra)
    cdef Course* course
    if extra.course == NONE:
        return
    course = course_at(floor, extra.course)
    course_rest(floor, contact)
    timer_cancel(floor, course.timer_callback)
    phase_forget(floor, course)
    carry_plan(floor, contact, NONE)
    rule_by(floor, course, NONE, 0)
    if course.own_plan != NONE:
        floor.plans[course.own_plan].refs -= 1
    if course.is_listed:
        unlist(floor, contact)
    store_give(&floor.courses, extra.course)
    extra.course = NONE


cdef void unlist(Floor* floor, int32_t contact) noexcept nogil:
    """Take a contact out of those to be looked at; the others keep their turn."""
    cdef int32_t at
    for at in range(floor.ruled_from, floor.ruled.count):
        if floor.ruled.items[at] == contact:
            floor.ruled.items[at] = NONE


# ---- plans -------------------------------------------------------------------------------------------------------


cdef int32_t plan_number(Floor* floor, int32_t contact) noexcept nogil:
    """Return the plan of its queue, or the one kept from another, that a contact is under; NONE without."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Course* course = course_of(floor, one)
    if course != NULL and course.plan != NONE:
        return NONE if course.plan == NO_PLAN else course.plan
    return floor.queues[one.queue].plan


cdef Plan* plan_in_force(Floor* floor, int32_t contact) noexcept nogil:
    """The same as a plan, NULL without."""
    cdef int32_t number = plan_number(floor, contact)
    return NULL if number == NONE else &floor.plans[number]


cdef void carry_plan(Floor* floor, int32_t contact, int32_t plan) noexcept nogil:
    """Have a contact keep a plan that is not its queue's, or (NONE) be under its queue's."""
    cdef Course* course = course_of(floor, contact_at(floor, contact))
    if course.plan >= 0:
        floor.plans[course.plan].refs -= 1
    course.plan = plan
    if plan != NONE:
        floor.plans[plan].refs += 1


cdef void rule_by(Floor* floor, Course* course, int32_t plan, int32_t step) noexcept nogil:
    """Have what a step of a plan requires stand for what the queue of a contact does, or (NONE) nothing do."""
    if course.ruled_plan != NONE:
        floor.plans[course.ruled_plan].rulings -= 1
    course.ruled_plan = plan
    course.ruled_step = step
    if plan != NONE:
        floor.plans[plan].rulings += 1


cdef void course_bring(Floor* floor, int32_t contact, Path* path) noexcept nogil:
    """Take over what a contact brings for its course, or what of it is changed."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Course* course = course_for(floor, contact)
    cdef int at
    if path.brings & BRINGS_PLAN:
        if course.own_plan != NONE:
            floor.plans[course.own_plan].refs -= 1
        course.own_plan = path.own_plan
        course.consumed[1] = 0
        course.moved = 0
        if path.own_plan != NONE:
            floor.plans[path.own_plan].refs += 1
    if path.brings & BRINGS_LIMITS:
        course.in_queue_max = path.in_queue_max
        course.ttl = path.ttl
        course.length = path.length
    if path.brings & BRINGS_WAIT:
        course.preferred_wait = path.preferred_wait
    if path.brings & BRINGS_SCOPE:
        course.scope = path.scope
    if path.brings & BRINGS_REQUIRES:
        course.requires = path.requires
    if path.brings & BRINGS_PREFERRED:
        phase_forget(floor, course)
        course.preferred_count = path.preferred_count
        for at in range(path.preferred_count):
            course.preferred[at] = path.preferred[at]
        if not course.wants_phase or course.preferring_from != NONE:
            # Else the entry that nobody has looked at yet tells from when on.
            course.preferring_from = floor.now
        course.wants_phase = 1
    if path.brings & BRINGS_ASKS:
        course.asks = path.asks
    if path.brings & BRINGS_CALLBACK:
        if path.due > floor.now:
            one.created = path.due
            course.made_at = floor.now
            course.due_until = path.until
            course.due_runs = path.runs
        if path.expires_after != NONE:
            course.expires_at = one.created + path.expires_after
        course.is_made = path.is_made
        if path.place_at != NONE:
            one.place_at = path.place_at


# ---- in a queue --------------------------------------------------------------------------------------------------


cdef void course_begin_entry(Floor* floor, int32_t contact, int32_t was_queue, int64_t was_in_queue_at) noexcept nogil:
    """Have a contact that just entered a queue begin its plans anew, or go on with them if Floor.keeps_plan says so."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Queue* queue = &floor.queues[one.queue]
    cdef Course* course = course_of(floor, one)
    if course == NULL:
        if not queue.is_ruled:
            return
        course = course_for(floor, contact)
    if floor.keeps_plan:
        course.lead += one.in_queue_at - was_in_queue_at
        if course.plan == NONE:
            carry_plan(floor, contact, floor.queues[was_queue].plan)
            course.plan = NO_PLAN if course.plan == NONE else course.plan
    else:
        carry_plan(floor, contact, NONE)
        course.lead = 0
        course.consumed[0] = 0
        course.consumed[1] = course.moved
    phase_forget(floor, course)
    course.wants_phase = 1
    course.preferring_from = NONE
    if course.flags & FLAG_TTL & ~course.answered:
        # It is to be answered where the contact is now.
        course.told_limits = 0
    course.flags = FLAG_ENTRY
    course.answered = 0
    course.hours_done = 0
    course.told_limits &= TTL_TOLD
    course.ruled_fields = 0
    rule_by(floor, course, NONE, 0)
    course.saw_closed = 0
    course.entries += 1


cdef void course_look(Floor* floor, int32_t contact) noexcept nogil:
    """Have the decision look at what a contact's course says."""
    cdef Course* course = course_of(floor, contact_at(floor, contact))
    if course == NULL or course.is_listed:
        return
    course.is_listed = 1
    floor.has_news = 1
    slots_append(&floor.ruled, contact)


cdef void course_wait(Floor* floor, int32_t contact) noexcept nogil:
    """A contact begins to wait, or to wait elsewhere."""
    cdef Course* course = course_of(floor, contact_at(floor, contact))
    if course == NULL:
        return
    if course.is_preferring and not course.is_counted:
        count_favours(floor, course, True)
    callback_watch(floor, course)
    course_look(floor, contact)


cdef void callback_watch(Floor* floor, Course* course) noexcept nogil:
    """Arm the moment at which a callback is given up; in line, one gone by is found when its course is looked at."""
    if course.expires_at == NONE or course.timer_callback != NONE:
        return
    if course.expires_at > floor.now or is_aside(contact_at(floor, course.contact)):
        course.timer_callback = timer_arm(floor, course.expires_at, TIMER_CALLBACK, course.contact)


cdef void course_raise(Floor* floor, int32_t contact, uint16_t flag) noexcept nogil:
    """Note that something has come about that steps may wait for, if the contact waits."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Course* course
    if one.extra == NONE or one.state != CONTACT_QUEUED:
        return
    course = course_of(floor, one)
    if course != NULL:
        course.flags |= flag
        course_look(floor, contact)


cdef void callback_rest(Floor* floor, int32_t contact) noexcept nogil:
    """A callback that somebody works on is not given up."""
    cdef Course* course = course_of(floor, contact_at(floor, contact))
    if course != NULL:
        timer_cancel(floor, course.timer_callback)
        course.timer_callback = NONE


cdef void course_rest(Floor* floor, int32_t contact) noexcept nogil:
    """A contact waits no longer: nothing is due until it does again."""
    cdef Course* course = course_of(floor, contact_at(floor, contact))
    if course == NULL:
        return
    timer_cancel(floor, course.timer_rule)
    course.timer_rule = NONE
    if course.is_counted:
        count_favours(floor, course, False)


# ---- preferred agents --------------------------------------------------------------------------------------------


cdef void count_favours(Floor* floor, Course* course, bint counts) noexcept nogil:
    """Count a contact among those that wait for its preferred agents, or no more."""
    cdef int32_t at
    course.is_counted = counts
    for at in range(course.preferred_count):
        if (course.kept >> at) & 1:
            agent_at(floor, course.preferred[at]).favours += 1 if counts else -1


cdef void phase_forget(Floor* floor, Course* course) noexcept nogil:
    """Have a contact wait for its preferred agents no more; which class it is in is the caller's."""
    if not course.is_preferring:
        return
    if course.is_counted:
        count_favours(floor, course, False)
    course.is_preferring = 0
    slots_drop(&floor.phases, course.contact)


cdef void unprefer(Floor* floor, Course* course, int32_t agent) noexcept nogil:
    """Have a contact prefer an agent that was removed no more; a time in which it waits for others goes on."""
    cdef bint is_counted = course.is_counted
    cdef int32_t at
    cdef int32_t left = 0
    cdef uint16_t kept = 0
    if is_counted:
        count_favours(floor, course, False)
    for at in range(course.preferred_count):
        if course.preferred[at] == agent:
            continue
        course.preferred[left] = course.preferred[at]
        kept |= <uint16_t>(((course.kept >> at) & 1) << left)
        left += 1
    course.preferred_count = left
    course.kept = kept
    if is_counted:
        count_favours(floor, course, True)
