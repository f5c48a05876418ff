"""Contacts: how they enter queues, wait, move on and end. What happens to offers and legs on the way is ``answers`` and ``work``.

``Contact.waited`` is, while the contact's wait runs, the moment it would have come had it only waited; else the length of
its wait so far.
"""

from ccroute.core.bars cimport bar_add, bars_lift_all
from ccroute.core.defs cimport (
    BAR_LEG, CONTACT_ACTIVE, CONTACT_CLOSED, CONTACT_EXPIRED, CONTACT_QUEUED, FLAG_OVERDUE, LEGS_MAX, NONE, PLACE_AGE, PLACE_NONE,
    RECORD_CALLBACK_DUE, RECORD_CLOSED, RECORD_OVERDUE, RECORD_QUEUED, RECORD_REQUEUED, TIMER_AFTER, TIMER_OVERDUE, Contact,
    ContactClass, Course, Extra, Queue, Record, check, contact_at, course_of, extra_at, int64_t, is_aside, is_over, leg_at, waits, write,
)
from ccroute.core.courses cimport course_begin_entry, course_drop, course_raise, course_rest, course_wait
from ccroute.core.extras cimport extra_drop, extra_for, is_direct, version_of
from ccroute.core.offers cimport offers_reserve
from ccroute.core.store cimport grow, slots_append, slots_drop, slots_reserve, store_give, store_reserve
from ccroute.core.timers cimport timer_arm, timer_cancel
from ccroute.core.waiting cimport class_enter, class_leave, waited_by

cdef enum:
    TALLY_EXPIRED = 4             # of Floor.tallies


cdef int step_reserve(Floor* floor, int32_t times) noexcept nogil:
    """Make room for ``times`` steps, so that none of them can fail half-way. Return -1 without memory, nothing moved."""
    cdef int32_t capacity = floor.record_count + times * STEP_RECORDS
    if capacity > floor.record_capacity:
        capacity += capacity >> 1
        if grow(<void**>&floor.records, floor.record_capacity, capacity, sizeof(Record)):
            return -1
        floor.record_capacity = capacity
    if (
        store_reserve(&floor.contacts, 1)
        or offers_reserve(floor, STEP_SLOTS)
        or store_reserve(&floor.legs, 1)
        or store_reserve(&floor.bars, times * STEP_SLOTS)
        or store_reserve(&floor.timers, times * STEP_SLOTS)
        or store_reserve(&floor.extras, times * STEP_EXTRAS)
        or slots_reserve(&floor.loose, floor.extras.count + times * STEP_EXTRAS)
        or store_reserve(&floor.courses, times * STEP_EXTRAS)
        or slots_reserve(&floor.ruled, floor.ruled.count + times * STEP_RULED)
        or slots_reserve(&floor.phases, floor.phases.count + times * STEP_EXTRAS)
    ):
        return -1
    return 0


# ---- in a queue ------------------------------------------------------------------------------------------------


cdef void enter_queue(Floor* floor, int32_t slot, int32_t class_slot) noexcept nogil:
    """Have a contact be new in the queue of a class; it stands in no line yet."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int64_t was_in_queue_at = contact.in_queue_at
    cdef int32_t was_queue = contact.queue
    contact.class_slot = class_slot
    contact.queue = floor.classes[class_slot].queue
    contact.in_queue_at = floor.now
    contact.is_new_here = 1
    contact.offers_made = 0
    contact.told_exhausted = 0
    contact.is_overdue = 0
    contact.stage = 0
    floor.classes[class_slot].refs += 1
    watch(floor, slot)
    if contact.extra != NONE or floor.queues[contact.queue].is_ruled:
        course_begin_entry(floor, slot, was_queue, was_in_queue_at)


cdef void watch(Floor* floor, int32_t slot) noexcept nogil:
    """Arm what time does to a contact in its queue: the next stage, and being overdue."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef ContactClass* one = &floor.classes[contact.class_slot]
    cdef int64_t overdue_after = floor.queues[contact.queue].overdue_after
    cdef Extra* extra
    if one.next_stage == NONE and (overdue_after == NONE or contact.is_overdue):
        return
    extra = extra_for(floor, slot)
    if one.next_stage != NONE:
        extra.timer_after = timer_arm(floor, contact.in_queue_at + one.next_after, TIMER_AFTER, slot)
    if overdue_after != NONE and not contact.is_overdue:
        extra.timer_overdue = timer_arm(floor, contact.in_queue_at + overdue_after, TIMER_OVERDUE, slot)


cdef void unwatch(Floor* floor, int32_t slot) noexcept nogil:
    """Disarm what watch armed."""
    cdef int32_t at = contact_at(floor, slot).extra
    if at == NONE:
        return
    timer_cancel(floor, extra_at(floor, at).timer_after)
    timer_cancel(floor, extra_at(floor, at).timer_overdue)
    extra_at(floor, at).timer_after = NONE
    extra_at(floor, at).timer_overdue = NONE


cdef void stage_up(Floor* floor, int32_t slot) noexcept nogil:
    """Move a contact to the class of the stage it has reached: agents serve it now that did not before. It is in no line."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef ContactClass* one = &floor.classes[contact.class_slot]
    while one.next_stage != NONE and floor.now - contact.in_queue_at >= one.next_after:
        one.refs -= 1
        contact.class_slot = one.next_stage
        contact.stage += 1
        one = &floor.classes[contact.class_slot]
        one.refs += 1


cdef void reclass(Floor* floor, int32_t slot, int32_t class_slot) noexcept nogil:
    """Put a contact, which is in no line, into another class of its queue, at the stage it has reached."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t at
    floor.classes[contact.class_slot].refs -= 1
    for at in range(contact.stage):
        class_slot = floor.classes[class_slot].next_stage
    contact.class_slot = class_slot
    floor.classes[class_slot].refs += 1


cdef void set_terms(Floor* floor, int32_t slot) noexcept nogil:
    """Bring tier and head start in force up to date: the contact's own, else its queue's."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Queue* queue = &floor.queues[contact.queue]
    if not contact.own_tier:
        contact.tier = queue.tier
    if not contact.own_head_start:
        contact.head_start = queue.head_start


cdef void place_by(Floor* floor, int32_t slot, int32_t keeps_place) noexcept nogil:
    """Give a contact the place that keeps_place says."""
    cdef Contact* contact = contact_at(floor, slot)
    if keeps_place == PLACE_NONE:
        contact.place_at = floor.now
    elif keeps_place != PLACE_AGE:
        contact.place_at = floor.now - waited_by(floor, contact)


cdef void move_queue(Floor* floor, int32_t slot, int32_t class_slot, int32_t keeps_place) noexcept nogil:
    """Have a contact, which is in no line, enter the queue of a class. ``keeps_place`` NONE: as the queue says."""
    cdef Contact* contact = contact_at(floor, slot)
    unwatch(floor, slot)
    floor.classes[contact.class_slot].refs -= 1
    if contact.state == CONTACT_QUEUED:
        floor.queues[contact.queue].waiting -= 1
        floor.queues[floor.classes[class_slot].queue].waiting += 1
    enter_queue(floor, slot, class_slot)
    set_terms(floor, slot)
    place_by(floor, slot, floor.queues[contact.queue].keeps_place if keeps_place == NONE else keeps_place)
    if contact.state == CONTACT_QUEUED:
        contact.is_new_here = 0
        if contact.extra != NONE:
            course_wait(floor, slot)


cdef void be_overdue(Floor* floor, int32_t slot) noexcept nogil:
    """Say that a contact that waits is overdue; it is in no line."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record = write(floor, RECORD_OVERDUE)
    contact.is_overdue = 1
    record.contact = slot
    record.queue = contact.queue
    record.a = floor.now - contact.in_queue_at
    course_raise(floor, slot, FLAG_OVERDUE)


cdef void catch_up(Floor* floor, int32_t slot) noexcept nogil:
    """Bring stage and being overdue of a contact that waits again up to date; it is in no line."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int64_t overdue_after = floor.queues[contact.queue].overdue_after
    stage_up(floor, slot)
    if overdue_after != NONE and not contact.is_overdue and floor.now - contact.in_queue_at >= overdue_after:
        be_overdue(floor, slot)


# ---- waiting ---------------------------------------------------------------------------------------------------


cdef void stand(Floor* floor, int32_t slot) noexcept nogil:
    """Have a contact stand in line if, and where, it is to stand."""
    cdef Contact* contact = contact_at(floor, slot)
    if contact.in_line:
        class_leave(floor, slot)
    if waits(contact) and contact.offers_out < floor.queues[contact.queue].k and not is_direct(floor, slot):
        class_enter(floor, slot)


cdef void bar_legs(Floor* floor, int32_t slot) noexcept nogil:
    """Keep the agents that have a leg of a contact from being offered it again until the leg has ended."""
    cdef int32_t at = contact_at(floor, slot).first_leg
    while at != NONE:
        bar_add(floor, slot, leg_at(floor, at).agent, BAR_LEG)
        at = leg_at(floor, at).next_of_contact


cdef void tell_queued(Floor* floor, int32_t slot) noexcept nogil:
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record = write(floor, RECORD_QUEUED)
    record.contact = slot
    record.queue = contact.queue
    record.a = contact.place_at
    record.b = contact.head_start
    record.x = contact.tier
    if contact.extra != NONE:
        tell_callback(floor, slot)


cdef void tell_callback(Floor* floor, int32_t slot) noexcept nogil:
    """Tell that the customer of a callback is to be called, for the first time or anew."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Course* course = course_of(floor, contact)
    cdef Record* record
    if course == NULL or course.expires_at == NONE or course.told_attempt > course.attempts:
        return
    course.told_attempt = course.attempts + 1
    record = write(floor, RECORD_CALLBACK_DUE)
    record.contact = slot
    record.queue = contact.queue
    record.a = course.expires_at
    record.x = course.told_attempt
    record.y = floor.queues[contact.queue].attempts_max


cdef void begin_wait(Floor* floor, int32_t slot) noexcept nogil:
    """Have the wait of a contact run from now; it stands in no line yet."""
    cdef Contact* contact = contact_at(floor, slot)
    contact.state = CONTACT_QUEUED
    contact.waited = floor.now - contact.waited
    floor.queues[contact.queue].waiting += 1
    contact.is_new_here = 0
    if contact.first_leg != NONE:
        bar_legs(floor, slot)
    if contact.extra != NONE:
        course_wait(floor, slot)


cdef void wait_again(Floor* floor, int32_t slot, int reason, int32_t by) noexcept nogil:
    """Send an active contact without working legs back to its place; ``by``: the contact that took its agent, or NONE."""
    begin_wait(floor, slot)
    tell_requeued(floor, slot, reason, by)
    catch_up(floor, slot)
    stand(floor, slot)


cdef void tell_requeued(Floor* floor, int32_t slot, int reason, int32_t by) noexcept nogil:
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record = write(floor, RECORD_REQUEUED)
    record.contact = slot
    record.queue = contact.queue
    record.offer = contact.head_start
    record.a = contact.place_at
    record.b = by
    record.x = contact.tier
    record.y = reason


cdef void queue_leave(Floor* floor, int32_t slot) noexcept nogil:
    """Have a contact wait no longer: it is out of line, and its wait stands still."""
    cdef Contact* contact = contact_at(floor, slot)
    if contact.in_line:
        class_leave(floor, slot)
    if contact.state == CONTACT_QUEUED:
        contact.waited = floor.now - contact.waited
        floor.queues[contact.queue].waiting -= 1
        if contact.extra != NONE:
            course_rest(floor, slot)
    elif is_aside(contact):
        contact.waited = waited_by(floor, contact)


cdef void mark_loose(Floor* floor, int32_t slot) noexcept nogil:
    """Have the decision look at a contact whose agent did not answer, or whose parent has ended."""
    cdef Extra* extra = extra_for(floor, slot)
    if not extra.is_loose:
        extra.is_loose = 1
        slots_append(&floor.loose, slot)


# ---- parents and children --------------------------------------------------------------------------------------


cdef void adopt(Floor* floor, int32_t parent, int32_t child) noexcept nogil:
    """Make one contact the consult of another, behind the ones it has."""
    cdef Extra* above = extra_for(floor, parent)
    cdef int32_t* link = &above.first_child
    check(above.children < LEGS_MAX)
    extra_for(floor, child).parent = parent
    extra_for(floor, child).is_consult = 1
    while link[0] != NONE:
        link = &extra_at(floor, contact_at(floor, link[0]).extra).next_child
    link[0] = child
    above.children += 1


cdef void leave_family(Floor* floor, int32_t slot) noexcept nogil:
    """Take a contact that has ended out of its parent's consults, and let its own go; those that wait are loose ends."""
    cdef Extra* extra = extra_at(floor, contact_at(floor, slot).extra)
    cdef Extra* above
    cdef Extra* below
    cdef int32_t child = extra.first_child
    cdef int32_t* link
    if extra.parent != NONE:
        above = extra_at(floor, contact_at(floor, extra.parent).extra)
        link = &above.first_child
        while link[0] != slot:
            link = &extra_at(floor, contact_at(floor, link[0]).extra).next_child
        link[0] = extra.next_child
        above.children -= 1
    while child != NONE:
        below = extra_at(floor, contact_at(floor, child).extra)
        below.parent = NONE
        if contact_at(floor, child).state == CONTACT_QUEUED:
            below.is_orphan = 1
            mark_loose(floor, child)
        child = below.next_child
        below.next_child = NONE


# ---- ends ------------------------------------------------------------------------------------------------------


cdef void retire(Floor* floor, int32_t slot) noexcept nogil:
    """Keep an ended contact without legs among those that still answer queries."""
    cdef Contact* contact = contact_at(floor, slot)
    contact.in_queue_at = floor.now
    contact.order.left = NONE
    if floor.last_ended == NONE:
        floor.first_ended = slot
    else:
        contact_at(floor, floor.last_ended).order.left = slot
    floor.last_ended = slot


cdef void contact_end(Floor* floor, int32_t slot, int state) noexcept nogil:
    """Bring a contact that is not in line to one of its ends."""
    cdef Contact* contact = contact_at(floor, slot)
    contact.order.right = version_of(floor, slot)
    contact.state = <unsigned char>state
    contact.seeks = 0
    contact.is_overdue = 0
    floor.classes[contact.class_slot].refs -= 1
    floor.tallies[TALLY_EXPIRED if state == CONTACT_EXPIRED else state - CONTACT_CLOSED + 1] += 1
    bars_lift_all(floor, slot)
    if contact.extra != NONE:
        unwatch(floor, slot)
        timer_cancel(floor, extra_at(floor, contact.extra).timer_park)
        leave_family(floor, slot)
        drop_loose(floor, slot)
        course_drop(floor, slot)
        extra_drop(floor, slot)
    if contact.first_leg == NONE:
        retire(floor, slot)


cdef void drop_loose(Floor* floor, int32_t slot) noexcept nogil:
    """Take a contact that ends out of the loose ones."""
    if extra_at(floor, contact_at(floor, slot).extra).is_loose:
        slots_drop(&floor.loose, slot)


cdef void contact_close(Floor* floor, int32_t slot) noexcept nogil:
    """Close an active contact whose last leg has ended; keep one that ended before for its time."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record
    if contact.first_leg != NONE:
        return
    if contact.state == CONTACT_ACTIVE:
        record = write(floor, RECORD_CLOSED)
        record.contact = slot
        record.queue = contact.queue
        record.a = contact.waited
        contact_end(floor, slot, CONTACT_CLOSED)
    elif is_over(contact):
        retire(floor, slot)


cdef int32_t ended_due(Floor* floor, int64_t at) noexcept nogil:
    """Return an ended contact whose time among the kept is over by a moment, NONE without."""
    cdef int32_t slot = floor.first_ended
    if slot != NONE and contact_at(floor, slot).in_queue_at + floor.retain <= at:
        return slot
    return NONE


cdef void contact_forget(Floor* floor, int32_t slot) noexcept nogil:
    """Forget the contact that ended first."""
    check(slot == floor.first_ended)
    floor.first_ended = contact_at(floor, slot).order.left
    if floor.first_ended == NONE:
        floor.last_ended = NONE
    store_give(&floor.contacts, slot)
