from libc.stdint cimport int32_t, uint64_t

from ccroute.core.defs cimport NONE, Floor, Kind, Store

cdef int roster_open(Floor* floor) noexcept nogil
cdef int counts_open(Floor* floor, Store* counts) noexcept nogil
cdef int further_open(Floor* floor) noexcept nogil
cdef void roster_close(Floor* floor) noexcept nogil
cdef int32_t agent_open(Floor* floor, int32_t profile, int32_t policy, int32_t capacity, int32_t offers_max) noexcept nogil
cdef int32_t profile_open(Floor* floor) noexcept nogil
cdef void pools_forget(Floor* floor) noexcept nogil
cdef int kind_arrays(Kind* kind, int32_t old, int32_t capacity) noexcept nogil
cdef void profiles_forget(Floor* floor) noexcept nogil
cdef int32_t kind_of(Floor* floor, int32_t channel, int32_t own_cost, int32_t queue_cost, bint needs_slot) noexcept nogil
cdef int32_t kind_checked(Floor* floor) noexcept nogil
cdef void agent_place(Floor* floor, int32_t slot, int32_t profile) noexcept nogil
cdef void agent_refresh(Floor* floor, int32_t slot) noexcept nogil
cdef void agent_detach(Floor* floor, int32_t slot) noexcept nogil
cdef void agent_attach(Floor* floor, int32_t slot) noexcept nogil
cdef uint64_t mask_of(Floor* floor, int32_t slot) noexcept nogil

cdef inline void agent_release(Floor* floor, int32_t slot) noexcept nogil:
    """Attach an agent that is free again, or leave it to the decision, which most often has a contact for it."""
    if floor.is_lively or floor.unattached != NONE:
        agent_attach(floor, slot)
    else:
        floor.unattached = slot

cdef void mark_agent(Floor* floor, int32_t slot) noexcept nogil
cdef void stir_agent(Floor* floor, int32_t slot) noexcept nogil
cdef void strain_agent(Floor* floor, int32_t slot) noexcept nogil
cdef int compare_by(Floor* floor, int32_t select, int32_t class_slot, int32_t extra, int32_t one, int32_t other) noexcept nogil
cdef bint idle_before(Floor* floor, int32_t which, int32_t one, int32_t other) noexcept nogil
