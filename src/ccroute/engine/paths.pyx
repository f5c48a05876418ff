"""What a contact brings for its course, in the core's words: plan, limits, preferred agents, what it asks for by number."""

from ccroute.core.defs cimport (
    BRINGS_ASKS, BRINGS_LIMITS, BRINGS_PLAN, BRINGS_PREFERRED, BRINGS_REQUIRES, BRINGS_SCOPE, BRINGS_WAIT, NONE,
    PREFERRED_MAX, UNSAID,
)
from ccroute.engine.fields cimport (
    LIMITS, PLAN, PREFERRED, PREFERRED_REQUIRES, PREFERRED_SCOPE, PREFERRED_WAIT_US, REQUIRES, read,
)

from ccroute.types import PreferredScope

cdef object ANYONE = PreferredScope.ANYONE


cdef void path_clear(Path* path) noexcept:
    """Begin with a path that brings nothing."""
    path.brings = 0
    path.due = NONE
    path.until = NONE
    path.place_at = NONE
    path.in_queue_max = NONE
    path.ttl = NONE
    path.preferred_wait = NONE
    path.expires_after = NONE
    path.length = NONE
    path.own_plan = NONE
    path.asks = NONE
    path.preferred_count = 0
    path.scope = UNSAID
    path.requires = UNSAID
    path.is_made = 0
    path.runs = 0


cdef int path_preferred(Names names, Path* path, object preferred) except -1:
    """Bring preferred agents; of them only those of the configuration count, each once."""
    path.brings |= BRINGS_PREFERRED
    path.preferred_count = 0
    for one in dict.fromkeys(preferred):
        # Checked before; but their giver, in another thread, may have made them longer since.
        if one in names.agent_slots and path.preferred_count < PREFERRED_MAX:
            path.preferred[path.preferred_count] = names.agent_slots[one]
            path.preferred_count += 1
    return 0


cdef int path_favourite(Path* path, int32_t agent, object wait, object scope, object requires) except -1:
    """Bring one preferred agent, and how a contact waits for it, each thing as its queue says where it is None."""
    path.brings |= BRINGS_PREFERRED | BRINGS_WAIT | BRINGS_SCOPE | BRINGS_REQUIRES
    path.preferred_count = 1
    path.preferred[0] = agent
    path.preferred_wait = NONE if wait is None else wait
    path.scope = UNSAID if scope is None else scope is ANYONE
    path.requires = UNSAID if requires is None else requires
    return 0


cdef int path_limits(Path* path, object limits) except -1:
    """Bring limits, or (None) those of the queue."""
    path.brings |= BRINGS_LIMITS
    path.length = NONE if limits is None or limits.length is None else limits.length
    path.in_queue_max = NONE if limits is None or limits.in_queue_us is None else limits.in_queue_us
    path.ttl = NONE if limits is None or limits.ttl_us is None else limits.ttl_us
    return 0


cdef int fill_path(Names names, Path* path, object command) except -1:
    """Bring what a command that enqueues a contact says."""
    cdef object wait = read(command, PREFERRED_WAIT_US)
    cdef object scope = read(command, PREFERRED_SCOPE)
    cdef object requires = read(command, PREFERRED_REQUIRES)
    if read(command, PREFERRED):
        path_preferred(names, path, read(command, PREFERRED))
    if wait is not None:
        path.brings |= BRINGS_WAIT
        path.preferred_wait = wait
    if scope is not None:
        path.brings |= BRINGS_SCOPE
        path.scope = scope is ANYONE
    if requires is not None:
        path.brings |= BRINGS_REQUIRES
        path.requires = requires
    if read(command, LIMITS) is not None:
        path_limits(path, read(command, LIMITS))
    if read(command, PLAN):
        path.brings |= BRINGS_PLAN
        path.own_plan = names.plans.own(read(command, PLAN))
    path.brings |= BRINGS_ASKS
    path.asks = names.classes.asks_number(read(command, REQUIRES))
    return 0
