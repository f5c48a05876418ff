"""Pending offers: found by seq, by contact and by agent, oldest first."""

from ccroute.core.defs cimport NONE, Agent, Contact, Offer, agent_at, contact_at, offer_at
from ccroute.core.store cimport fresh, release, store_close, store_give, store_open, store_reserve
from ccroute.core.timers cimport timer_cancel

cdef enum:
    BUCKETS_FIRST = 64


cdef int offers_open(Floor* floor, int32_t limit) noexcept nogil:
    """Begin without offers. Return -1 without memory."""
    floor.bucket_count = 0
    if store_open(&floor.offers, sizeof(Offer), limit):
        return -1
    return rehash(floor, BUCKETS_FIRST)


cdef void offers_close(Floor* floor) noexcept nogil:
    """Give all memory back."""
    store_close(&floor.offers)
    release(floor.buckets)
    floor.buckets = NULL


cdef int rehash(Floor* floor, int32_t count) noexcept nogil:
    """Spread the offers over this many buckets, a power of two. Return -1 without memory, nothing changed."""
    cdef int32_t* buckets = <int32_t*>fresh(count, sizeof(int32_t))
    cdef int32_t bucket, at, following, into
    if buckets == NULL:
        return -1
    for bucket in range(count):
        buckets[bucket] = NONE
    for bucket in range(floor.bucket_count):
        at = floor.buckets[bucket]
        while at != NONE:
            following = offer_at(floor, at).next_in_bucket
            into = <int32_t>(offer_at(floor, at).seq & (count - 1))
            offer_at(floor, at).next_in_bucket = buckets[into]
            buckets[into] = at
            at = following
    release(floor.buckets)
    floor.buckets = buckets
    floor.bucket_count = count
    return 0


cdef int offers_reserve(Floor* floor, int32_t count) noexcept nogil:
    """Make room for this many more offers. Return -1 without memory."""
    if store_reserve(&floor.offers, count):
        return -1
    if floor.offers.count + count > floor.bucket_count:
        return rehash(floor, floor.bucket_count * 2)
    return 0


cdef int32_t offer_find(Floor* floor, int64_t seq) noexcept nogil:
    """Return the pending offer of this seq, NONE without. O(1) on average: seqs are dense, so buckets fill evenly."""
    cdef int32_t at = floor.buckets[seq & (floor.bucket_count - 1)]
    while at != NONE and offer_at(floor, at).seq != seq:
        at = offer_at(floor, at).next_in_bucket
    return at


cdef void offer_link(Floor* floor, int32_t slot, int64_t seq, int32_t contact, int32_t agent, int32_t cost) noexcept nogil:
    """Begin an offer in a slot just taken."""
    cdef Offer* offer = offer_at(floor, slot)
    cdef Contact* one = contact_at(floor, contact)
    cdef Agent* other = agent_at(floor, agent)
    cdef int32_t bucket = <int32_t>(seq & (floor.bucket_count - 1))
    offer.seq = seq
    offer.contact = contact
    offer.agent = agent
    offer.cost = cost
    offer.made_at = floor.now
    offer.channel = one.channel
    offer.timer = NONE
    offer.next_in_bucket = floor.buckets[bucket]
    floor.buckets[bucket] = slot
    offer.next_of_contact = one.first_offer
    one.first_offer = slot
    one.offers_out += 1
    offer.next_of_agent = NONE
    offer.prev_of_agent = other.last_of_offers
    if other.last_of_offers == NONE:
        other.first_offer = slot
    else:
        offer_at(floor, other.last_of_offers).next_of_agent = slot
    other.last_of_offers = slot
    other.pending += 1


cdef void offer_unlink(Floor* floor, int32_t slot) noexcept nogil:
    """Forget an offer that has ended, its timer included."""
    cdef Offer* offer = offer_at(floor, slot)
    cdef Contact* one = contact_at(floor, offer.contact)
    cdef Agent* other = agent_at(floor, offer.agent)
    cdef int32_t* link = &floor.buckets[offer.seq & (floor.bucket_count - 1)]
    timer_cancel(floor, offer.timer)
    while link[0] != slot:
        link = &offer_at(floor, link[0]).next_in_bucket
    link[0] = offer.next_in_bucket
    link = &one.first_offer
    while link[0] != slot:
        link = &offer_at(floor, link[0]).next_of_contact
    link[0] = offer.next_of_contact
    one.offers_out -= 1
    if offer.prev_of_agent == NONE:
        other.first_offer = offer.next_of_agent
    else:
        offer_at(floor, offer.prev_of_agent).next_of_agent = offer.next_of_agent
    if offer.next_of_agent == NONE:
        other.last_of_offers = offer.prev_of_agent
    else:
        offer_at(floor, offer.next_of_agent).prev_of_agent = offer.prev_of_agent
    other.pending -= 1
    store_give(&floor.offers, slot)
