"""Realigning: contacts go over to other classes of their queue, or take its new terms, and stand in line anew, all at once.

One by one they would look for their place in line each; here the lines that they stood in are emptied whole, the contacts
are put in order, if they are not so already, and each is appended behind the one before. Place, seq and time in the queue
stay. O(contacts of the queues), and a look at every contact there is.
"""

from libc.stdint cimport int32_t, int64_t, uint64_t, uint8_t
from libc.stdlib cimport qsort
from libc.string cimport memset

from ccroute.core.acd cimport Acd
from ccroute.core.contacts cimport set_terms
from ccroute.core.defs cimport (
    LINE_COMPANION, LINE_NONE, NONE, TIMER_AFTER, TIMER_OVERDUE, Contact, ContactClass, Extra, Floor,
    contact_at, extra_at, is_aside, is_over, timer_at, waits,
)
from ccroute.core.extras cimport extra_for, is_direct
from ccroute.core.ground cimport room
from ccroute.core.line cimport line_clear
from ccroute.core.store cimport fresh, release, slots_reserve, store_next, store_reserve
from ccroute.core.timers cimport timer_arm, timer_cancel
from ccroute.core.waiting cimport class_join, class_show, mark_class, set_word

cdef enum:                        # what of a queue is new, as bits
    TERMS = 1                     # tier, head start or ageing
    OVERDUE = 2                   # when its contacts are overdue
    STAGES = 4                    # from which times in the queue on further agents serve it
    LINES = 8                     # how many offers are out before a contact leaves the line

cdef struct Place:                # of a contact that is realigned
    uint64_t word_hi
    uint64_t word_lo
    int64_t seq
    int32_t contact

cdef struct Plan:                 # what is realigned
    uint8_t* news                 # by queue
    int32_t* classes              # by class slot, of first stages: the class to go to, NONE: it stays
    int32_t* contacts             # by contact slot: the class to go to, NONE: as its class; NULL where none says so
    Place* places
    int64_t count


def realign(Acd acd, dict news, dict classes, dict contacts) -> None:
    """Have contacts take the new terms of their queues and go over to other classes.

    :param news: by queue slot, what of it is new, as bits.
    :param classes: by slot of a class of first stage, that of the class its contacts go to.
    :param contacts: by contact slot, the class of first stage it goes to; all contacts of its class are named.
    """
    cdef Floor* floor = &acd.floor
    cdef Plan plan
    memset(&plan, 0, sizeof(Plan))
    try:
        read_plan(floor, &plan, news, classes, contacts)
        if plan.count:
            carry_out(floor, &plan)
    finally:
        release(plan.news)
        release(plan.classes)
        release(plan.contacts)
        release(plan.places)


cdef int read_plan(Floor* floor, Plan* plan, dict news, dict classes, dict contacts) except -1:
    """Find the contacts concerned, and have room for everything that follows."""
    cdef int32_t at
    cdef int32_t class_count = floor.blocks.count * 64
    cdef int32_t capacity = floor.contacts.page_count * 512
    cdef int64_t timed = 0
    plan.news = <uint8_t*>fresh(floor.queue_count, 1)
    plan.classes = <int32_t*>fresh(class_count, sizeof(int32_t))
    if contacts:
        plan.contacts = <int32_t*>fresh(capacity, sizeof(int32_t))
    if plan.news == NULL or plan.classes == NULL or (contacts and plan.contacts == NULL):
        raise MemoryError
    for at in range(class_count):
        plan.classes[at] = NONE
    for one, other in news.items():
        plan.news[<int32_t>one] = other
    for one, other in classes.items():
        plan.classes[<int32_t>one] = other
    if contacts:
        for at in range(capacity):
            plan.contacts[at] = NONE
        for one, other in contacts.items():
            plan.contacts[<int32_t>one] = other
    at = store_next(&floor.contacts, 0)
    while at != NONE:
        plan.count += is_concerned(floor, plan, at)
        at = store_next(&floor.contacts, at + 1)
    if plan.count == 0:
        return 0
    plan.places = <Place*>fresh(plan.count, sizeof(Place))
    if plan.places == NULL:
        raise MemoryError
    for at in range(floor.queue_count):
        if plan.news[at] & (OVERDUE | STAGES):
            timed = plan.count
    if timed:
        room(store_reserve(&floor.extras, <int32_t>timed))
        room(slots_reserve(&floor.loose, floor.extras.count + <int32_t>timed))
        room(store_reserve(&floor.timers, <int32_t>(2 * timed)))
    return 0


cdef bint is_concerned(Floor* floor, Plan* plan, int32_t slot) noexcept nogil:
    cdef Contact* contact = contact_at(floor, slot)
    if is_over(contact):
        return False
    if plan.news[contact.queue] or plan.classes[floor.classes[contact.class_slot].first_stage] != NONE:
        return True
    return plan.contacts != NULL and plan.contacts[slot] != NONE


cdef void carry_out(Floor* floor, Plan* plan) noexcept nogil:
    cdef int64_t at
    cdef int64_t count = 0
    cdef int32_t slot = store_next(&floor.contacts, 0)
    while slot != NONE:
        if is_concerned(floor, plan, slot):
            plan.places[count].seq = contact_at(floor, slot).seq
            plan.places[count].contact = slot
            count += 1
        slot = store_next(&floor.contacts, slot + 1)
    # What is timed anew is armed in order of creation.
    put_in_order(plan)
    for at in range(count):
        leave_line(floor, plan.places[at].contact)
    for at in range(count):
        go_over(floor, plan, plan.places[at].contact)
    plan.count = 0
    for at in range(count):
        slot = plan.places[at].contact
        if stands(floor, slot):
            set_word(floor, contact_at(floor, slot))
            plan.places[plan.count].contact = slot
            plan.places[plan.count].seq = contact_at(floor, slot).seq
            plan.places[plan.count].word_hi = contact_at(floor, slot).word_hi
            plan.places[plan.count].word_lo = contact_at(floor, slot).word_lo
            plan.count += 1
    put_in_order(plan)
    for at in range(plan.count):
        mark_class(floor, class_join(floor, plan.places[at].contact))


cdef bint stands(Floor* floor, int32_t slot) noexcept nogil:
    """Say whether a contact is to stand in line."""
    cdef Contact* contact = contact_at(floor, slot)
    return waits(contact) and contact.offers_out < floor.queues[contact.queue].k and not is_direct(floor, slot)


cdef int compare_places(const void* one, const void* other) noexcept nogil:
    cdef Place* a = <Place*>one
    cdef Place* b = <Place*>other
    if a.word_hi != b.word_hi:
        return -1 if a.word_hi < b.word_hi else 1
    if a.word_lo != b.word_lo:
        return -1 if a.word_lo < b.word_lo else 1
    return -1 if a.seq < b.seq else 1


cdef void put_in_order(Plan* plan) noexcept nogil:
    """Sort places by word and seq; mostly they are sorted already."""
    cdef int64_t at
    for at in range(1, plan.count):
        if compare_places(&plan.places[at - 1], &plan.places[at]) > 0:
            qsort(plan.places, <size_t>plan.count, sizeof(Place), compare_places)
            return


cdef void leave_line(Floor* floor, int32_t slot) noexcept nogil:
    """Take a contact out of its line with everybody who stands there: all of them are concerned."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t class_slot = contact.class_slot
    if contact.in_line == LINE_NONE:
        return
    if contact.in_line == LINE_COMPANION:
        class_slot = floor.classes[class_slot].companion
    contact.in_line = LINE_NONE
    floor.preempt_waiting -= floor.classes[class_slot].preempts
    if floor.classes[class_slot].line.first != NONE:
        line_clear(&floor.classes[class_slot].line)
        floor.classes[class_slot].tried = 0
        class_show(floor, class_slot)


cdef void go_over(Floor* floor, Plan* plan, int32_t slot) noexcept nogil:
    """Give a contact its class, its terms and its timers."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t first = floor.classes[contact.class_slot].first_stage
    cdef int32_t to = plan.classes[first]
    cdef int news = plan.news[contact.queue]
    cdef int32_t at
    if plan.contacts != NULL and plan.contacts[slot] != NONE:
        to = plan.contacts[slot]
    floor.classes[contact.class_slot].refs -= 1
    if news & STAGES:
        to = stage_of(floor, contact, first if to == NONE else to)
        contact.class_slot = to
    elif to != NONE:
        for at in range(contact.stage):
            to = floor.classes[to].next_stage
        contact.class_slot = to
    floor.classes[contact.class_slot].refs += 1
    if news & TERMS:
        set_terms(floor, slot)
    if news & STAGES:
        time_stage(floor, slot)
    if news & OVERDUE:
        time_overdue(floor, slot)


cdef int32_t stage_of(Floor* floor, Contact* contact, int32_t class_slot) noexcept nogil:
    """Return the class of the stage that a contact has reached; a parked one stays where it was when it was parked."""
    cdef int64_t now = floor.now
    if is_aside(contact):
        now = extra_at(floor, contact.extra).parked_at
    contact.stage = 0
    while floor.classes[class_slot].next_stage != NONE and now - contact.in_queue_at >= floor.classes[class_slot].next_after:
        class_slot = floor.classes[class_slot].next_stage
        contact.stage += 1
    return class_slot


cdef void time_stage(Floor* floor, int32_t slot) noexcept nogil:
    """Arm what brings further agents in, unless it is armed for that moment: what is due with it keeps its turn."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef ContactClass* one = &floor.classes[contact.class_slot]
    cdef Extra* extra
    cdef int64_t due = NONE
    if one.next_stage != NONE and not is_aside(contact):
        due = contact.in_queue_at + one.next_after
    if contact.extra != NONE:
        extra = extra_at(floor, contact.extra)
        if extra.timer_after != NONE and due == timer_at(floor, extra.timer_after).deadline:
            return
        timer_cancel(floor, extra.timer_after)
        extra.timer_after = NONE
    if due != NONE:
        extra = extra_for(floor, slot)
        extra.timer_after = timer_arm(floor, due, TIMER_AFTER, slot)


cdef void time_overdue(Floor* floor, int32_t slot) noexcept nogil:
    """Arm the moment when a contact is overdue; one gone by is due at once. Who is told to be overdue stays so."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int64_t overdue_after = floor.queues[contact.queue].overdue_after
    cdef Extra* extra
    if contact.extra != NONE:
        timer_cancel(floor, extra_at(floor, contact.extra).timer_overdue)
        extra_at(floor, contact.extra).timer_overdue = NONE
    if overdue_after != NONE and not contact.is_overdue and not is_aside(contact):
        extra = extra_for(floor, slot)
        extra.timer_overdue = timer_arm(floor, contact.in_queue_at + overdue_after, TIMER_OVERDUE, slot)
