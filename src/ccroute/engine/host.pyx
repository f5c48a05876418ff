"""What the core asks of who owns the names, in the middle of a decision: conditions, classes, patches, callbacks.

Nothing is raised into the core: what goes wrong is kept in ``Names.host_error``, and the call fails as for want of memory.
Events up to here are built before anything they read is changed.
"""

from libc.stdint cimport int32_t, int64_t

from ccroute.core.courses cimport rule_by
from ccroute.core.defs cimport (
    BAR_EXCLUDED, BRINGS_CALLBACK, BRINGS_REQUIRES, BRINGS_SCOPE, BRINGS_WAIT, CAUSE_RULE, Course, Contact, Extra, Floor,
    HOST_CALLBACK, HOST_CLASS, HOST_CONDITION, HOST_DRAFT, NONE, PLACE_AGE, PLACE_WAITED, Path, Queue, UNSAID, bar_at,
    contact_at, course_of, extra_at,
)
from ccroute.core.extras cimport terms_ready
from ccroute.core.waiting cimport place_now, waited_by
from ccroute.engine.output cimport Output
from ccroute.engine.terms cimport Brought, bring, bring_allowed, class_for, class_of_contact, own_head_start, own_tier, ruled_text
from ccroute.engine.paths cimport fill_path, path_clear, path_preferred

from msgspec.structs import replace

from ccroute.commands import EnqueueContact
from ccroute.engine.queries import members_of
from ccroute.requirement import ContactView, Figures
from ccroute.engine.plans import FIELD_BITS
from ccroute.types import KeepsPlace, PreferredScope

cdef dict PLACES = {KeepsPlace.WAITED: 0, KeepsPlace.AGE: 1, KeepsPlace.NONE: 2}
cdef dict OFFERS = {"recheck": 0, "keep": 1, "rescind": 2}
cdef str CALLBACK = "callback"
# Fields of a step that the command which brought a contact has, too.
cdef tuple NOTED = ("channel", "cost")


cdef int serve(void* names, int what, int32_t contact, int32_t plan, int32_t step) noexcept nogil:
    with gil:
        return answer(<Names>names, what, contact, plan, step)


cdef int attach_host(Names names) except -1:
    """Have the core of names ask here."""
    names.acd.floor.host = serve
    names.acd.floor.host_self = <void*>names
    return 0


cdef int answer(Names names, int what, int32_t contact, int32_t plan, int32_t step) noexcept:
    """Do what is asked; -1 where it failed."""
    try:
        if what == HOST_CONDITION:
            return holds(names, contact, plan, step)
        if what == HOST_CLASS:
            return find_class(names, contact)
        if what == HOST_DRAFT:
            return draft(names, contact)
        (<Output>names.output).drain()
        if what == HOST_CALLBACK:
            return call_back(names, contact)
        return patch(names, contact, plan, step)
    except BaseException as error:
        names.host_error = error
        return -1


cdef bint holds(Names names, int32_t contact, int32_t plan, int32_t step) except -1:
    """Say whether the condition of a step holds for a contact, and queue and channel it leads to take contacts."""
    cdef Contact* one = contact_at(&names.acd.floor, contact)
    condition = names.plans.condition(plan, step)
    said = names.plans.steps(plan)[step]
    if said.queue in names.draining_queues or (said.channel is not None and said.channel not in names.channel_slots):
        return False
    if condition is None:
        return True
    view = ContactView(
        channel=names.channel_ids[one.channel], tier=one.tier, attributes=names.attributes_of(contact)
    )
    figures = None
    if condition.reads_figures:
        if one.queue not in names.members:
            names.members[one.queue] = members_of(names, names.queue_ids[one.queue])
        waiting, oldest, online, available, away, free = names.acd.figures(one.queue, names.members[one.queue])
        figures = Figures(
            waiting=waiting, oldest_us=oldest, online=online, available=available, away=away, free=free
        )
    return condition.holds(view, names.classes.queue_view(one.queue), figures)


# ---- classes -----------------------------------------------------------------------------------------------------


cdef int find_class(Names names, int32_t contact) except -1:
    """Find the class of a contact in the queue that is wanted, with the requirement that is; 1 where any such may use it."""
    cdef Floor* floor = &names.acd.floor
    cdef Contact* one = contact_at(floor, contact)
    cdef Course* course = course_of(floor, one)
    cdef object known = names.contacts[contact]
    cdef object attributes = names.attributes_of(contact)
    cdef object tier = own_tier(names, contact)
    cdef object ruled = ruled_text(names, floor.wanted_plan, floor.wanted_step)
    cdef int32_t was_plan = course.ruled_plan
    cdef int32_t was_step = course.ruled_step
    cdef Brought brought
    cdef list held = []
    brought.terms.scores_count = 0
    if course.is_preferring and floor.wanted_queue == one.queue:
        course.ruled_plan = floor.wanted_plan
        course.ruled_step = floor.wanted_step
        floor.fetched_class = class_of_contact(
            names, contact, one.queue, one.channel, known, tier, attributes, &brought, held
        )
        course.ruled_plan = was_plan
        course.ruled_step = was_step
    else:
        floor.fetched_class = class_for(
            names, floor.wanted_queue, one.channel, known.cost, known.requires, tier, attributes, ruled
        )
        held.append(bring_allowed(names, &brought, floor.fetched_class, known.requires, tier, attributes, ruled))
    if terms_ready(floor, &brought.terms, &floor.fetched):
        raise MemoryError("the core has no memory for whom a contact allows")
    return (floor.wanted_queue, one.channel, NONE if known.cost is None else known.cost, known.requires, ruled) in names.quick_classes


# ---- patches -----------------------------------------------------------------------------------------------------


cdef int patch(Names names, int32_t contact, int32_t plan, int32_t step) except -1:
    """Carry out the patch of a step, but for the fields that are not wanted."""
    cdef Floor* floor = &names.acd.floor
    cdef Contact* one = contact_at(floor, contact)
    cdef Course* course = course_of(floor, one)
    cdef int64_t fields = floor.wanted_fields
    cdef Brought brought
    cdef Path path
    cdef list held = []
    cdef dict given
    said = names.plans.steps(plan)[step]
    given = {name: getattr(said, name) for name, bit in FIELD_BITS.items() if fields & bit}
    known = replace(names.contacts[contact], **{name: given[name] for name in NOTED if name in given})
    attributes = given.get("attributes", names.attributes_of(contact))
    tier = given.get("tier", own_tier(names, contact))
    path_clear(&path)
    if "preferred" in given:
        path_preferred(names, &path, given["preferred"])
    if "preferred_wait_us" in given:
        path.brings |= BRINGS_WAIT
        path.preferred_wait = given["preferred_wait_us"]
    if "preferred_scope" in given:
        path.brings |= BRINGS_SCOPE
        path.scope = given["preferred_scope"] is PreferredScope.ANYONE
        course.scope = path.scope
    if "preferred_requires" in given:
        path.brings |= BRINGS_REQUIRES
        path.requires = given["preferred_requires"]
        course.requires = path.requires
    bring(
        names, &brought, tier, given.get("head_start_us", own_head_start(names, contact)), given.get("excluded"),
        given.get("scores"),
    )
    class_slot = patched_class(
        names, contact, names.channel_slots[known.channel], known, tier, attributes, "preferred" in given, &brought, held
    )
    names.acd.change_now(
        contact, class_slot, &brought.terms, &path if path.brings else NULL,
        PLACES[given["keeps_place"]] if "keeps_place" in given else NONE, OFFERS[said.offers], NONE,
    )
    names.note(contact, known)
    if "attributes" in given:
        names.attributes.pop(contact, None)
        if attributes:
            names.keep_attributes(contact, attributes)
    # What the change told reads what was just noted.
    (<Output>names.output).drain()
    return 0


cdef int32_t patched_class(
    Names names, int32_t contact, object channel, object known, object tier, object attributes, bint is_anew, Brought* brought,
    list held
) except -1:
    """Return the class of a contact under a patch: in the queue that is wanted, with the requirement that is."""
    cdef Floor* floor = &names.acd.floor
    cdef Contact* one = contact_at(floor, contact)
    cdef Course* course = course_of(floor, one)
    cdef object ruled = ruled_text(names, floor.wanted_plan, floor.wanted_step)
    if course.is_preferring and floor.wanted_queue == one.queue and not is_anew:
        rule_by(floor, course, floor.wanted_plan, floor.wanted_step)
        return class_of_contact(names, contact, one.queue, channel, known, tier, attributes, brought, held)
    slot = class_for(names, floor.wanted_queue, channel, known.cost, known.requires, tier, attributes, ruled)
    held.append(bring_allowed(names, brought, slot, known.requires, tier, attributes, ruled))
    return slot


# ---- callbacks ---------------------------------------------------------------------------------------------------


cdef int draft(Names names, int32_t contact) except -1:
    """Note what a callback takes over from a contact that is to end."""
    cdef Floor* floor = &names.acd.floor
    cdef Contact* one = contact_at(floor, contact)
    cdef Extra* extra = NULL if one.extra == NONE else extra_at(floor, one.extra)
    cdef Course* course = course_of(floor, one)
    cdef Queue* queue = &floor.queues[one.queue]
    cdef int32_t at = one.first_bar
    cdef int index
    cdef object place = floor.now
    cdef list excluded = []
    cdef dict scores = {}
    cdef list preferred = []
    known = names.contacts[contact]
    while at != NONE:
        if bar_at(floor, at).why & BAR_EXCLUDED:
            excluded.append(names.agent_ids[bar_at(floor, at).agent])
        at = bar_at(floor, at).next_of_contact
    if extra != NULL:
        for index in range(extra.scores_count):
            scores[names.agent_ids[extra.scored[index]]] = extra.scores[index]
    if course != NULL:
        preferred = [names.agent_ids[course.preferred[index]] for index in range(course.preferred_count)]
    if queue.keeps_place == PLACE_WAITED:
        place = floor.now - waited_by(floor, one)
    elif queue.keeps_place == PLACE_AGE:
        place = place_now(floor, one)
    due = NONE
    if floor.cause == CAUSE_RULE and queue.hours.is_kept and queue.hours.passed & 1 == 0 and queue.hours.passed < queue.hours.count:
        due = queue.hours.moments[queue.hours.passed]
    child = EnqueueContact(
        contact_id="callback", queue_id=names.queue_ids[one.queue], channel=CALLBACK, customer_id=known.customer_id,
        conversation_id=known.conversation_id, parent_id=known.contact_id, requires=known.requires, tier=own_tier(names, contact),
        head_start_us=own_head_start(names, contact), attributes=names.attributes_of(contact), excluded=sorted(excluded),
        scores=scores, preferred=preferred,
        preferred_wait_us=None if course == NULL or course.preferred_wait == NONE else course.preferred_wait,
        preferred_scope=None if course == NULL or course.scope == UNSAID else list(PreferredScope)[course.scope],
        preferred_requires=None if course == NULL or course.requires == UNSAID else bool(course.requires),
    )
    names.draft = (child, place, due)
    return 0


cdef str callback_id(Names names, int64_t seq):
    """Return the id of the callback that a contact leaves: by its seq, and a number where that is inside."""
    cdef str contact_id = f"callback:{seq}"
    cdef str ending = ""
    cdef int64_t number = 0
    while True:
        known = names.contact_slots.get(contact_id + ending)
        if known is None or not names.acd.can_enqueue(known):
            return contact_id + ending
        number += 1
        ending = f"+{number}"


cdef int call_back(Names names, int32_t contact) except -1:
    """Make the callback that was drafted: 1, or 0 where there is no room."""
    cdef Floor* floor = &names.acd.floor
    cdef Brought brought
    cdef Path path
    cdef int64_t seq = contact_at(floor, contact).seq
    child, place, due = names.draft
    names.draft = None
    # As if the host had called at every timer up to here: slots, and so handles, must not tell how often it does.
    names.forget_due(floor.now - 1)
    if floor.contacts.count >= floor.contacts.limit:
        if floor.first_ended == NONE:
            return 0
        names.forget(floor.first_ended)
    child = replace(child, contact_id=callback_id(names, seq))
    queue = names.queue_slots[child.queue_id]
    channel = names.channel_slots[CALLBACK]
    class_slot = class_for(names, queue, channel, None, child.requires, child.tier, child.attributes)
    bring(names, &brought, child.tier, child.head_start_us, child.excluded, child.scores)
    allowed = bring_allowed(names, &brought, class_slot, child.requires, child.tier, child.attributes)
    path_clear(&path)
    path.brings = BRINGS_CALLBACK
    path.place_at = place
    path.due = due
    path.is_made = True
    path.expires_after = floor.queues[<int32_t>queue].callback_expires
    fill_path(names, &path, child)
    slot = names.acd.come(class_slot, &brought.terms, &path, False)
    names.remember(slot, child)
    # Nobody else names it before its events are built.
    (<Output>names.output).drain()
    return 1
