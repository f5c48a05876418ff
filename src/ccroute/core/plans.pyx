"""Plans: what time and events do to contacts that wait. Steps fall due, ask their condition, patch and act (ROUTING section 8).

A contact whose course has something new stands in a list that the decision works off, first come first, before any offer
is made. Looking at one goes on until nothing is due for it. A step that only relaxes, moves or ranks a contact is carried
out here, with the class it leads to remembered; anything else is worked out by the host, who owns names and expressions.
"""

from libc.stdlib cimport qsort

from ccroute.core.changes cimport CHANGE_KEEPS, do_change
from ccroute.core.contacts cimport step_ready
from ccroute.core.courses cimport course_look, plan_in_force, plan_number, rule_by
from ccroute.core.defs cimport (
    BAR_EXCLUDED, CALLBACK_NO_ROOM, CANCEL_RULE, CAUSE_RULE, CLOSED_CALLBACK, CLOSED_OVERFLOW, CLOSED_REFUSE,
    CLOSED_WAIT, CONTACT_QUEUED, EXPIRED_CLOSED, EXPIRED_IN_QUEUE, EXPIRED_LENGTH, EXPIRED_RULE, EXPIRED_TTL,
    FIELD_HEAD_START, FIELD_OTHERS, FIELD_PLACE, FIELD_QUEUE, FIELD_REQUIRES, FIELD_TIER, FLAG_CLOSED, FLAG_ENTRY,
    FLAG_IN_QUEUE, FLAG_LENGTH, FLAG_LIMITS, FLAG_OPENED, FLAG_TTL, HOST_CALLBACK, HOST_CLASS, HOST_CONDITION,
    HOST_DRAFT, HOST_PATCH, NONE, OFFLINE, PARK_NOT, PARK_OPEN, RECORD_ACTION, RECORD_HOURS, RECORD_RULE, RULE_BITS,
    RULE_OWN, STEP_CANCELS, STEP_CLOSES, STEP_EXPIRES, TIMER_HOURS, TIMER_RULE, WHEN_AFTER, WHEN_AHEAD, WHEN_CLOSED,
    WHEN_EXPEDITED, WHEN_LIMIT, WHEN_NOBODY, Bands, Contact, Course, Extra, Hours, Plan, Queue, Record, Step, Terms,
    agent_at, bar_at, contact_at, course_at, course_of, ctz64, extra_at, timer_at, uint16_t, uint32_t, uint64_t,
    uint8_t, write,
)
from ccroute.core.bars cimport bar_find
from ccroute.core.preferring cimport check_phase, class_anew, has_favourite
from ccroute.core.store cimport fresh, release, slots_reserve, store_next
from ccroute.core.timers cimport timer_arm, timer_cancel
from ccroute.core.waiting cimport place_in_line
from ccroute.core.work cimport callback_over, do_cancel, do_close, do_expire, do_park, drop_callback, is_consult

cdef enum:
    QUEUES = 0                    # which plan: that of the queue, or the contact's own
    OWN = 1
    HOURS = 2                     # what a closed queue does
    KEEP = -1                     # as a count of terms: what there is stays
    LED_CLASS_BITS = 20
    LED_ASKS_BITS = 20
    LED_PLAN_BITS = 18
    ENTRIES_MAX = 64              # into queues, in one look

cdef struct Due:                  # a step that is due
    int which
    int32_t plan
    int32_t step
    Step* what                    # NULL of HOURS

cdef struct Asked:                # steps asked since the contact entered its queue, in one look
    uint32_t steps[2]


# ---- what is due -------------------------------------------------------------------------------------------------


cdef inline int64_t begun_at(Contact* contact, Course* course) noexcept nogil:
    """Return when the plans of a contact began."""
    return contact.in_queue_at - course.lead


cdef Plan* plan_of(Floor* floor, int32_t slot, Course* course, int which) noexcept nogil:
    if which == QUEUES:
        return plan_in_force(floor, slot)
    return NULL if course.own_plan == NONE else &floor.plans[course.own_plan]


cdef bint has_nobody(Floor* floor, int32_t slot) noexcept nogil:
    """Say whether no agent online could ever serve a contact. O(profiles / 64 + agents of those that serve it)."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t class_slot = contact.class_slot
    cdef Bands* row
    cdef int32_t band, block, agent
    cdef uint64_t bits
    while floor.classes[class_slot].next_stage != NONE:
        class_slot = floor.classes[class_slot].next_stage
    row = &floor.classes[class_slot].row
    for band in range(row.count):
        for block in range((floor.profile_count + 63) >> 6):
            bits = row.bands[band].bits[block]
            while bits:
                agent = floor.profiles[block * 64 + ctz64(bits)].first_agent
                bits &= bits - 1
                while agent != NONE:
                    if could_serve(floor, contact, slot, agent):
                        return False
                    agent = agent_at(floor, agent).next_of_profile
    return True


cdef bint could_serve(Floor* floor, Contact* contact, int32_t slot, int32_t agent) noexcept nogil:
    """Say whether an agent that serves the class of a contact is online, open to its channel and not kept from it."""
    cdef int32_t bar
    cdef Extra* extra
    if agent_at(floor, agent).presence == OFFLINE:
        return False
    if not (floor.policies[agent_at(floor, agent).policy].open >> contact.channel) & 1:
        return False
    if contact.bars == 0:
        return True
    bar = bar_find(floor, slot, agent)
    if bar != NONE and bar_at(floor, bar).why & BAR_EXCLUDED:
        return False
    extra = extra_at(floor, contact.extra)
    return extra.allowed == NULL or (
        agent >> 6 < extra.allowed_words and (extra.allowed[agent >> 6] >> (agent & 63)) & 1
    )


cdef bint is_due(Floor* floor, int32_t slot, Course* course, Step* step) noexcept nogil:
    """Say whether a step of a contact is due."""
    cdef Contact* contact = contact_at(floor, slot)
    if step.when == WHEN_AFTER:
        return floor.now - begun_at(contact, course) >= step.after
    if step.when == WHEN_AHEAD:
        return course.flags & FLAG_ENTRY and place_in_line(floor, slot) > step.ahead
    if step.when == WHEN_NOBODY:
        return not course.is_preferring and has_nobody(floor, slot)
    if step.when == WHEN_LIMIT:
        return course.flags & FLAG_LIMITS != 0
    return (course.flags >> step.when) & 1


cdef bint next_due(Floor* floor, int32_t slot, Course* course, Asked* asked, Due* due) noexcept nogil:
    """Find the first step that is due: the queue's plan, the contact's own, what a closed queue does."""
    cdef Plan* plan
    cdef Hours* hours
    cdef int which
    cdef int32_t at
    for which in range(2):
        plan = plan_of(floor, slot, course, which)
        if plan == NULL:
            continue
        for at in range(plan.count):
            if not ((course.consumed[which] | asked.steps[which]) >> at) & 1 and is_due(floor, slot, course, &plan.steps[at]):
                due.which = which
                due.plan = plan_number(floor, slot) if which == QUEUES else course.own_plan
                due.step = at
                due.what = &plan.steps[at]
                return True
    hours = &floor.queues[contact_at(floor, slot).queue].hours
    if (
        course.hours_done or not course.flags & FLAG_CLOSED or hours.action == CLOSED_WAIT or course.expires_at != NONE
        or not (course.flags & FLAG_ENTRY or hours.closes_waiting)
    ):
        return False
    due.which = HOURS
    due.plan = floor.queues[contact_at(floor, slot).queue].plan
    due.step = 0 if due.plan == NONE else floor.plans[due.plan].count
    due.what = NULL
    return True


cdef inline bint leaves_none(Floor* floor, int32_t slot, Course* course) noexcept nogil:
    """Say whether a contact leaves no callback by a rule: it is one, was made as one, or is a consult."""
    return course.expires_at != NONE or course.is_made or is_consult(floor, slot)


cdef inline bint is_closed(Queue* queue) noexcept nogil:
    """Say whether the hours of a queue have it closed."""
    return queue.hours.is_kept and queue.hours.passed & 1 == 0


cdef void notice(Floor* floor, int32_t slot, Course* course) noexcept nogil:
    """Raise the flags of limits reached and of hours that changed."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Queue* queue = &floor.queues[contact.queue]
    cdef int64_t in_queue_max = queue.in_queue_max if course.in_queue_max == NONE else course.in_queue_max
    cdef int64_t ttl = queue.ttl if course.ttl == NONE else course.ttl
    cdef int32_t length = queue.length_max if course.length == NONE else course.length
    cdef uint16_t reached = 0
    if length != NONE and course.flags & FLAG_ENTRY and queue.waiting > length:
        reached |= FLAG_LENGTH
    if in_queue_max != NONE and floor.now - contact.in_queue_at >= in_queue_max:
        reached |= FLAG_IN_QUEUE
    if ttl != NONE and floor.now - contact.created >= ttl:
        reached |= FLAG_TTL
    reached &= ~(<uint16_t>course.told_limits << 9)
    course.flags |= reached
    course.told_limits |= <uint8_t>(reached >> 9)
    if is_closed(queue) != course.saw_closed:
        course.flags &= ~<uint16_t>(FLAG_CLOSED | FLAG_OPENED)
        course.flags |= FLAG_OPENED if course.saw_closed else FLAG_CLOSED
        course.saw_closed = is_closed(queue)


# ---- looking -----------------------------------------------------------------------------------------------------


cdef int work_off(Floor* floor) noexcept nogil:
    """Look at every contact that is to be looked at, first come first. Return -1 without memory."""
    cdef int32_t slot
    cdef Course* course
    while floor.ruled_from < floor.ruled.count:
        slot = floor.ruled.items[floor.ruled_from]
        floor.ruled_from += 1
        if slot == NONE:
            continue
        if look_at(floor, slot):
            return -1
        # As long as it is looked at nothing lists it again; it may have ended.
        course = course_of(floor, contact_at(floor, slot))
        if course != NULL:
            course.is_listed = 0
    floor.ruled.count = 0
    floor.ruled_from = 0
    return 0


cdef int look_at(Floor* floor, int32_t slot) noexcept nogil:
    """Do everything that is due for a contact that waits."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Course* course
    cdef Asked asked
    cdef Due due
    cdef int entries = -1
    cdef int rounds = 0
    cdef int answer
    while contact.state == CONTACT_QUEUED and rounds <= ENTRIES_MAX:
        if step_ready(floor):
            return -1
        course = course_of(floor, contact)
        if course.expires_at != NONE and course.expires_at <= floor.now:
            callback_over(floor, slot)
            return 0
        if course.is_stale:
            course.is_stale = 0
            if class_anew(floor, slot, course):
                return -1
        if check_phase(floor, slot, course):
            return -1
        if course.entries != entries:
            entries = course.entries
            asked.steps[QUEUES] = 0
            asked.steps[OWN] = 0
            rounds += 1
            if rounds > ENTRIES_MAX:
                return 0
        notice(floor, slot, course)
        if not next_due(floor, slot, course, &asked, &due):
            if give_up(floor, slot, course):
                return 0
            course.flags = 0
            course.answered = 0
            arm(floor, slot, course)
            return 0
        answer = ask(floor, slot, course, &asked, &due)
        if answer < 0 or (answer and fire_due(floor, slot, &due)):
            return -1
    return 0


cdef int ask(Floor* floor, int32_t slot, Course* course, Asked* asked, Due* due) noexcept nogil:
    """Say whether the condition of a step that is due holds; -1: the host failed. One that is asked is not asked again."""
    cdef int answer = 1
    if due.which == HOURS:
        course.hours_done = 1
        return 1
    asked.steps[due.which] |= <uint32_t>1 << due.step
    if due.what.asks:
        answer = floor.host(floor.host_self, HOST_CONDITION, slot, due.plan, due.step)
    if answer == 0 and due.what.when <= WHEN_AHEAD:
        course.consumed[due.which] |= <uint32_t>1 << due.step
    return answer


cdef int fire_due(Floor* floor, int32_t slot, Due* due) noexcept nogil:
    """Carry out a step that is due and whose condition holds."""
    cdef Course* course = course_of(floor, contact_at(floor, slot))
    if due.which == HOURS:
        return close_to(floor, slot, due)
    if due.what.when == WHEN_LIMIT:
        course.answered |= course.flags & FLAG_LIMITS
    return fire(floor, slot, due, due.what.when)


cdef bint give_up(Floor* floor, int32_t slot, Course* course) noexcept nogil:
    """End a contact that has reached a limit no step has answered."""
    cdef uint16_t reached = course.flags & FLAG_LIMITS & ~course.answered
    cdef Queue* queue = &floor.queues[contact_at(floor, slot).queue]
    cdef int32_t number = 1 if queue.plan == NONE else floor.plans[queue.plan].count + 1
    cdef uint8_t cause = floor.cause
    if reached == 0:
        return False
    tell_fired(floor, slot, contact_at(floor, slot).queue, number, WHEN_LIMIT, False)
    floor.cause = CAUSE_RULE
    floor.rule = (contact_at(floor, slot).queue << RULE_BITS) | number
    do_expire(
        floor, slot, EXPIRED_LENGTH if reached & FLAG_LENGTH else EXPIRED_IN_QUEUE if reached & FLAG_IN_QUEUE else EXPIRED_TTL
    )
    floor.cause = cause
    return True


cdef void arm(Floor* floor, int32_t slot, Course* course) noexcept nogil:
    """Have a contact looked at again when time makes something due."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Queue* queue = &floor.queues[contact.queue]
    cdef int64_t at = -1
    cdef int64_t moment
    cdef int which
    for which in range(2):
        if next_step(floor, slot, which == OWN, &moment) != NONE and (at < 0 or moment < at):
            at = moment
    moment = queue.in_queue_max if course.in_queue_max == NONE else course.in_queue_max
    if moment != NONE and not course.told_limits & (FLAG_IN_QUEUE >> 9):
        moment += contact.in_queue_at
        at = moment if at < 0 or moment < at else at
    moment = queue.ttl if course.ttl == NONE else course.ttl
    if moment != NONE and not course.told_limits & (FLAG_TTL >> 9):
        moment += contact.created
        at = moment if at < 0 or moment < at else at
    if course.is_preferring and (at < 0 or course.preferring_until < at):
        at = course.preferring_until
    if course.timer_rule != NONE:
        if at == timer_at(floor, course.timer_rule).deadline:
            return
        timer_cancel(floor, course.timer_rule)
        course.timer_rule = NONE
    if at >= 0:
        course.timer_rule = timer_arm(floor, at, TIMER_RULE, slot)


cdef int32_t next_step(Floor* floor, int32_t slot, bint own, int64_t* at) noexcept nogil:
    """Return the next step of a plan that is due after a time, and when; NONE without."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Course* course = course_of(floor, contact)
    cdef Plan* plan = plan_of(floor, slot, course, OWN if own else QUEUES)
    cdef int index
    if plan != NULL:
        for index in range(plan.timed_count):
            if not (course.consumed[own] >> plan.timed[index]) & 1:
                at[0] = begun_at(contact, course) + plan.steps[plan.timed[index]].after
                return plan.timed[index]
    return NONE


# ---- carrying out ------------------------------------------------------------------------------------------------


cdef void tell_fired(Floor* floor, int32_t slot, int32_t queue, int32_t step, int when, bint own) noexcept nogil:
    cdef Record* record = write(floor, RECORD_RULE)
    record.contact = slot
    record.queue = queue
    record.x = step
    record.y = when
    record.z = own


cdef int fire(Floor* floor, int32_t slot, Due* due, int when) noexcept nogil:
    """Carry out a step: its patch, then what else it does. Return -1 without memory."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Course* course = course_of(floor, contact)
    cdef Step step = due.what[0]
    cdef bint own = due.which == OWN
    cdef uint32_t bit = <uint32_t>1 << due.step
    cdef int32_t queue = contact.queue if own else floor.plans[due.plan].queue
    cdef uint32_t fields = step.fields if own else step.fields & ~course.ruled_fields
    cdef uint8_t cause = floor.cause
    cdef int failed = 0
    course.consumed[due.which] |= bit
    if own and step.queue != NONE:
        course.moved |= bit
    contact.offers_made = 0
    contact.told_exhausted = 0
    tell_fired(floor, slot, queue, due.step, when, own)
    floor.cause = CAUSE_RULE
    floor.rule = (queue << RULE_BITS) | (RULE_OWN if own else 0) | due.step
    if fields:
        failed = patch(floor, slot, due, &step, fields)
        if own:
            course_of(floor, contact).ruled_fields |= fields & ~<uint32_t>FIELD_QUEUE
    if failed == 0:
        failed = act(floor, slot, due, &step)
    floor.cause = cause
    return -1 if failed < 0 else 0


cdef int act(Floor* floor, int32_t slot, Due* due, Step* step) noexcept nogil:
    """Do what a step does beside its patch."""
    cdef Record* record
    if step.reports:
        record = write(floor, RECORD_ACTION)
        record.contact = slot
        record.queue = contact_at(floor, slot).queue
        record.x = due.step
        record.y = due.plan
    if step.park != PARK_NOT:
        do_park(floor, slot, False, NONE if step.park == PARK_OPEN else floor.now + step.park)
    elif step.calls_back:
        return call_back_instead(floor, slot)
    elif step.end == STEP_CLOSES:
        do_close(floor, slot)
    elif step.end == STEP_CANCELS:
        do_cancel(floor, slot, CANCEL_RULE)
    elif step.end == STEP_EXPIRES:
        do_expire(floor, slot, EXPIRED_RULE)
    return 0


cdef int close_to(Floor* floor, int32_t slot, Due* due) noexcept nogil:
    """Do with a contact of a closed queue what its hours say."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Hours* hours = &floor.queues[contact.queue].hours
    cdef uint8_t cause = floor.cause
    cdef int failed = 0
    cdef Step step
    tell_fired(floor, slot, contact.queue, due.step, WHEN_CLOSED, False)
    contact.offers_made = 0
    contact.told_exhausted = 0
    floor.cause = CAUSE_RULE
    floor.rule = (contact.queue << RULE_BITS) | due.step
    if hours.action == CLOSED_REFUSE:
        do_expire(floor, slot, EXPIRED_CLOSED)
    elif hours.action == CLOSED_CALLBACK:
        failed = call_back_instead(floor, slot)
    elif hours.action == CLOSED_OVERFLOW:
        step.queue = hours.queue
        step.keeps_plan = hours.keeps_plan
        step.place = NONE
        step.offers = CHANGE_KEEPS
        failed = patch(floor, slot, due, &step, FIELD_QUEUE)
    floor.cause = cause
    return failed


# ---- patches -----------------------------------------------------------------------------------------------------


cdef int patch(Floor* floor, int32_t slot, Due* due, Step* step, uint32_t fields) noexcept nogil:
    """Carry out the patch of a step. Return -1 without memory."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Course* course = course_of(floor, contact)
    cdef int failed
    floor.wanted_queue = step.queue if fields & FIELD_QUEUE else contact.queue
    floor.wanted_fields = fields
    if fields & FIELD_REQUIRES:
        floor.wanted_plan = due.plan
        floor.wanted_step = due.step
    else:
        floor.wanted_plan = NONE if floor.wanted_queue != contact.queue else course.ruled_plan
        floor.wanted_step = course.ruled_step
    floor.keeps_plan = step.keeps_plan if fields & FIELD_QUEUE else 0
    floor.patches = 1
    if fields >= FIELD_OTHERS:
        failed = floor.host(floor.host_self, HOST_PATCH, slot, due.plan, due.step)
    else:
        failed = relax(floor, slot, due, step, fields)
    floor.patches = 0
    floor.keeps_plan = 0
    rule_by(floor, course, floor.wanted_plan, floor.wanted_step)
    return failed


cdef int relax(Floor* floor, int32_t slot, Due* due, Step* step, uint32_t fields) noexcept nogil:
    """Carry out a patch that needs nobody but the core, or at the most a class from the host. Return -1 without memory."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Course* course = course_of(floor, contact)
    cdef int32_t class_slot
    cdef Terms terms
    terms.own_tier = contact.own_tier
    terms.tier = contact.tier
    terms.own_head_start = contact.own_head_start
    terms.head_start = contact.head_start
    if fields & FIELD_TIER:
        terms.own_tier = 1
        terms.tier = step.tier
        # What agents must have may hang on it.
        contact.own_tier = 1
        contact.tier = step.tier
    if fields & FIELD_HEAD_START:
        terms.own_head_start = 1
        terms.head_start = step.head_start
    terms.excluded_count = KEEP
    terms.scores_count = KEEP
    class_slot = led_to(floor, slot, course, due)
    if class_slot == NONE:
        return -1
    do_change(
        floor, slot, class_slot, &terms, step.place if fields & FIELD_PLACE else NONE, step.offers, NONE, &floor.fetched
    )
    return 0


cdef int32_t led_to(Floor* floor, int32_t slot, Course* course, Due* due) noexcept nogil:
    """Return the class a patch leads to: remembered, or found by the host. NONE: it failed."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t first = floor.classes[contact.class_slot].first_stage
    cdef int32_t number = due.step if due.plan == NONE or due.which == HOURS else (due.plan << 5) | due.step
    # What an earlier step put in place of the queue's requirement matters only as long as this one puts nothing there.
    cdef bint is_free = course.ruled_plan == NONE or (floor.wanted_plan == due.plan and floor.wanted_step == due.step)
    cdef bint is_known = (
        course.asks != NONE and not floor.classes[contact.class_slot].is_slow and due.which != HOURS
        and is_free and first < 1 << LED_CLASS_BITS and course.asks < 1 << LED_ASKS_BITS
        and due.plan < 1 << LED_PLAN_BITS
    )
    cdef int64_t key = 0
    cdef int32_t at
    cdef int answer
    if is_known:
        key = ((<int64_t>first << LED_ASKS_BITS) | course.asks) << (LED_PLAN_BITS + 5) | number
    at = <int32_t>((<uint64_t>key * 0x9E3779B97F4A7C15ULL) >> 52)
    if floor.led_is_stale:
        forget_led(floor)
    if is_known and floor.led_keys[at] == key:
        return floor.led_classes[at]
    answer = floor.host(floor.host_self, HOST_CLASS, slot, NONE, NONE)
    if answer < 0:
        return NONE
    if is_known and answer == 1:
        floor.led_keys[at] = key
        floor.led_classes[at] = floor.fetched_class
    return floor.fetched_class


cdef void forget_led(Floor* floor) noexcept nogil:
    """Forget where steps led: classes have gone."""
    cdef int32_t at
    for at in range(LED_MAX):
        floor.led_keys[at] = -1
    floor.led_is_stale = 0


# ---- callbacks ---------------------------------------------------------------------------------------------------


cdef int call_back(Floor* floor, int32_t slot) noexcept nogil:
    """Make the callback that was drafted from a contact: 1, or 0 where there is no room for it, which is told."""
    cdef int answer = floor.host(floor.host_self, HOST_CALLBACK, slot, NONE, NONE)
    if answer == 0:
        drop_callback(floor, slot, CALLBACK_NO_ROOM, NONE)
    return answer


cdef int call_back_instead(Floor* floor, int32_t slot) noexcept nogil:
    """Have a contact become a callback, unless it is one or there is no room. Return -1 without memory."""
    cdef int answer
    if leaves_none(floor, slot, course_of(floor, contact_at(floor, slot))):
        return 0
    if floor.host(floor.host_self, HOST_DRAFT, slot, NONE, NONE) < 0:
        return -1
    answer = call_back(floor, slot)
    if answer > 0:
        do_close(floor, slot)
    return -1 if answer < 0 else 0


# ---- many at once ------------------------------------------------------------------------------------------------


cdef int by_seq(const void* one, const void* other) noexcept nogil:
    cdef int64_t a = (<int64_t*>one)[0]
    cdef int64_t b = (<int64_t*>other)[0]
    return -1 if a < b else a > b


cdef bint waits_for_somebody(Floor* floor, Contact* contact, int32_t slot) noexcept nogil:
    """Say whether a step of a contact is due because nobody is online who could ever serve it."""
    cdef Course* course = course_of(floor, contact)
    cdef Plan* plan
    cdef int which, at
    for which in range(2):
        plan = plan_of(floor, slot, course, which)
        if plan == NULL:
            continue
        for at in range(plan.count):
            if plan.steps[at].when == WHEN_NOBODY and not (course.consumed[which] >> at) & 1:
                return is_due(floor, slot, course, &plan.steps[at])
    return False


cdef bint is_forsaken(Floor* floor, Contact* contact, int32_t slot) noexcept nogil:
    """Say whether, as agents are now, something is due for a contact: nobody it could wait for is online."""
    cdef Course* course = course_of(floor, contact)
    if course.is_preferring:
        return not has_favourite(floor, contact, course)
    return floor.somebody_left and floor.waits_for_nobody and waits_for_somebody(floor, contact, slot)


cdef bint is_among(Contact* contact, int32_t queue, uint8_t* queues) noexcept nogil:
    """Say whether a contact is in a queue, or (NONE) in one of some."""
    if queue != NONE:
        return contact.queue == queue
    return queues[contact.queue] != 0


cdef int list_changed(Floor* floor, uint8_t* queues) noexcept nogil:
    """List the contacts that wait in queues, a byte each that is not 0, in order of creation. Return -1 without memory."""
    return list_by_seq(floor, NONE, queues)


cdef int list_by_seq(Floor* floor, int32_t queue, uint8_t* queues) noexcept nogil:
    """List the contacts that wait in a queue, in some (not NULL), or (NONE) those that are forsaken, in order of creation.

    Return -1 without memory. O(contacts log contacts).
    """
    cdef int64_t* pairs = <int64_t*>fresh(floor.courses.count + 1, 16)
    cdef int32_t count = 0
    cdef int32_t at = store_next(&floor.courses, 0)
    cdef int32_t slot
    cdef Contact* contact
    if pairs == NULL or slots_reserve(&floor.ruled, floor.ruled.count + floor.courses.count):
        release(pairs)
        return -1
    while at != NONE:
        slot = course_at(floor, at).contact
        contact = contact_at(floor, slot)
        if contact.state == CONTACT_QUEUED and (
            is_among(contact, queue, queues) if queue != NONE or queues != NULL else is_forsaken(floor, contact, slot)
        ):
            pairs[2 * count] = contact.seq
            pairs[2 * count + 1] = slot
            count += 1
        at = store_next(&floor.courses, at + 1)
    qsort(pairs, count, 16, by_seq)
    for at in range(count):
        course_look(floor, <int32_t>pairs[2 * at + 1])
    release(pairs)
    return 0


cdef int look_round(Floor* floor) noexcept nogil:
    """List the contacts for whom it matters that the presence of an agent has changed. Return -1 without memory."""
    if (floor.presences_changed or floor.somebody_left) and list_by_seq(floor, NONE, NULL):
        return -1
    floor.presences_changed = 0
    floor.somebody_left = 0
    return 0


# ---- hours -------------------------------------------------------------------------------------------------------


cdef void hours_arm(Floor* floor, int32_t queue) noexcept nogil:
    """Arm the next opening or closing of a queue."""
    cdef Hours* hours = &floor.queues[queue].hours
    timer_cancel(floor, hours.timer)
    hours.timer = NONE
    if hours.passed < hours.count:
        hours.timer = timer_arm(floor, hours.moments[hours.passed], TIMER_HOURS, queue)


cdef int hours_change(Floor* floor, int32_t queue) noexcept nogil:
    """A queue opens or closes; every contact that waits in it is looked at. Return -1 without memory."""
    cdef Hours* hours = &floor.queues[queue].hours
    cdef Record* record = write(floor, RECORD_HOURS)
    hours.passed += 1
    record.queue = queue
    record.x = hours.passed & 1
    record.a = hours.moments[hours.passed] if hours.passed < hours.count else NONE
    hours_arm(floor, queue)
    return list_by_seq(floor, queue, NULL)


# ---- out of turn -------------------------------------------------------------------------------------------------


cdef int expedite(Floor* floor, int32_t slot) noexcept nogil:
    """Carry out the next step of a contact that waits for a time, and whose condition holds: 1, or 0 where there is none."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Course* course = course_of(floor, contact)
    cdef uint32_t asked[2]
    cdef Due due
    cdef int answer
    asked[0] = 0
    asked[1] = 0
    if course == NULL:
        return 0
    while earliest(floor, slot, course, asked, &due):
        asked[due.which] |= <uint32_t>1 << due.step
        answer = 1
        if due.what.asks:
            answer = floor.host(floor.host_self, HOST_CONDITION, slot, due.plan, due.step)
        if answer < 0 or (answer and fire(floor, slot, &due, WHEN_EXPEDITED)):
            return -1
        if answer:
            if contact.state == CONTACT_QUEUED:
                course_look(floor, slot)
            return 1
    return 0


cdef bint earliest(Floor* floor, int32_t slot, Course* course, uint32_t* asked, Due* due) noexcept nogil:
    """Find the step that would be due first of all that wait for a time; of two the queue's, then the earlier in its plan."""
    cdef Plan* plan
    cdef int which, index, at
    due.what = NULL
    for which in range(2):
        plan = plan_of(floor, slot, course, which)
        if plan == NULL:
            continue
        for index in range(plan.timed_count):
            at = plan.timed[index]
            if ((course.consumed[which] | asked[which]) >> at) & 1:
                continue
            if due.what == NULL or plan.steps[at].after < due.what.after:
                due.which = which
                due.plan = plan_number(floor, slot) if which == QUEUES else course.own_plan
                due.step = at
                due.what = &plan.steps[at]
            break
    return due.what != NULL
