from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Floor
from ccroute.core.line cimport Walk
from ccroute.core.room cimport Aside

cdef struct Victim:               # what gives way to a contact: an offer with the leg it stands on, or a leg
    int32_t agent                 # NONE: nobody
    int32_t offer                 # NONE: it is work that gives way
    int32_t leg
    int32_t contact               # whose offer or leg it is
    int32_t tier
    int64_t begun
    Aside aside                   # what the pre-empting contact sets aside besides

cdef struct Trial:                # a class that may pre-empt, and how far its line was tried
    Walk walk
    int32_t contact
    int32_t class_slot

cdef bint is_victim(Floor* floor, int32_t contact, Victim* victim) noexcept nogil
cdef bint is_guarded(Floor* floor, int32_t contact, Victim* victim, int64_t* guard_at) noexcept nogil
cdef bint offer_gives_way(Floor* floor, int32_t contact, int32_t offer, Victim* victim) noexcept nogil
cdef bint leg_gives_way(Floor* floor, int32_t contact, int32_t leg, Victim* victim) noexcept nogil
cdef bint may_lose(Floor* floor, int32_t contact, int32_t agent) noexcept nogil
cdef bint preempt(Floor* floor, bint is_limited, int32_t limit) noexcept nogil
cdef void find_victim(Floor* floor, int32_t contact, Victim* best) noexcept nogil
cdef void set_guard(Floor* floor) noexcept nogil
cdef bint resume_one(Floor* floor) noexcept nogil
cdef int relieve(Floor* floor) noexcept nogil
