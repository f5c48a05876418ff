"""Extras: what few contacts have, apart from the contacts themselves, so that a waiting contact stays small.

Given scores, the agents a slow contact allows, timers of its own, parking, consults, losses to others, its version.
"""

from libc.string cimport memcpy, memset

from ccroute.core.defs cimport NONE, Contact, contact_at, extra_at, int64_t, is_over, uint64_t
from ccroute.core.store cimport fresh, release, store_close, store_give, store_next, store_open, store_take


cdef int extras_open(Floor* floor, int32_t limit) noexcept nogil:
    """Begin without extras. Return -1 without memory."""
    return store_open(&floor.extras, sizeof(Extra), limit)


cdef void extras_close(Floor* floor) noexcept nogil:
    """Give all memory back."""
    cdef int32_t at
    if floor.extras.item:
        at = store_next(&floor.extras, 0)
        while at != NONE:
            terms_release(extra_at(floor, at))
            at = store_next(&floor.extras, at + 1)
    store_close(&floor.extras)


cdef Extra* extra_for(Floor* floor, int32_t contact) noexcept nogil:
    """Return the extra of a contact, begun where it has none. Room was reserved."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Extra* extra
    if one.extra != NONE:
        return extra_at(floor, one.extra)
    one.extra = store_take(&floor.extras)
    extra = extra_at(floor, one.extra)
    extra.contact = contact
    extra.version = 1
    extra.parked_at = NONE
    extra.timer_after = NONE
    extra.timer_overdue = NONE
    extra.timer_park = NONE
    extra.direct = NONE
    extra.seeker = NONE
    extra.returns_to = NONE
    extra.parent = NONE
    extra.first_child = NONE
    extra.next_child = NONE
    extra.course = NONE
    return extra


cdef void extra_drop(Floor* floor, int32_t contact) noexcept nogil:
    """Forget the extra of a contact."""
    cdef Contact* one = contact_at(floor, contact)
    if one.extra == NONE:
        return
    terms_release(extra_at(floor, one.extra))
    store_give(&floor.extras, one.extra)
    one.extra = NONE


# ---- what a contact brings ---------------------------------------------------------------------------------------


cdef void terms_release(Extra* extra) noexcept nogil:
    """Free given scores and allowed agents."""
    release(extra.scored)
    release(extra.scores)
    release(extra.allowed)
    release(extra.sums)
    extra.scored = NULL
    extra.scores = NULL
    extra.allowed = NULL
    extra.sums = NULL
    extra.scores_count = 0
    extra.allowed_words = 0


cdef int terms_ready(Floor* floor, Terms* terms, Extra* into) noexcept nogil:
    """Copy given scores and allowed agents aside, so that taking them over cannot fail. Return -1 without memory."""
    cdef int32_t words = (floor.agents.count + 63) >> 6
    memset(into, 0, sizeof(Extra))
    if terms == NULL:
        return 0
    if terms.scores_count > 0:
        into.scored = <int32_t*>fresh(terms.scores_count, sizeof(int32_t))
        into.scores = <int64_t*>fresh(terms.scores_count, sizeof(int64_t))
    if terms.allowed != NULL:
        into.allowed = <uint64_t*>fresh(words + 1, sizeof(uint64_t))
    if terms.sums != NULL:
        into.sums = <int32_t*>fresh(floor.agents.count + 1, sizeof(int32_t))
    if (
        (terms.scores_count > 0 and (into.scored == NULL or into.scores == NULL))
        or (terms.allowed != NULL and into.allowed == NULL)
        or (terms.sums != NULL and into.sums == NULL)
    ):
        terms_release(into)
        return -1
    if terms.scores_count > 0:
        memcpy(into.scored, terms.scored, terms.scores_count * sizeof(int32_t))
        memcpy(into.scores, terms.scores, terms.scores_count * sizeof(int64_t))
        into.scores_count = terms.scores_count
    if terms.allowed != NULL:
        memcpy(into.allowed, terms.allowed, words * sizeof(uint64_t))
        into.allowed_words = words
    if terms.sums != NULL:
        memcpy(into.sums, terms.sums, floor.agents.count * sizeof(int32_t))
    return 0


cdef void terms_swap(Extra* extra, Extra* ready) noexcept nogil:
    """Take over what terms_ready copied, in place of what there was."""
    terms_release(extra)
    extra.scored = ready.scored
    extra.scores = ready.scores
    extra.scores_count = ready.scores_count
    extra.allowed = ready.allowed
    extra.allowed_words = ready.allowed_words
    extra.sums = ready.sums
    memset(ready, 0, sizeof(Extra))


# ---- what is read often ------------------------------------------------------------------------------------------


cdef int32_t version_of(Floor* floor, int32_t contact) noexcept nogil:
    """Return how often a contact was changed, plus 1."""
    cdef Contact* one = contact_at(floor, contact)
    if is_over(one):
        return one.order.right
    return 1 if one.extra == NONE else extra_at(floor, one.extra).version


cdef int32_t version_up(Floor* floor, int32_t contact) noexcept nogil:
    """Count a change of a contact and return its version."""
    cdef Extra* extra = extra_for(floor, contact)
    extra.version += 1
    return extra.version


cdef bint is_direct(Floor* floor, int32_t contact) noexcept nogil:
    """Say whether a contact is kept for one agent."""
    cdef int32_t at = contact_at(floor, contact).extra
    return at != NONE and extra_at(floor, at).direct != NONE
