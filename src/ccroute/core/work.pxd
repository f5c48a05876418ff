from libc.stdint cimport int32_t, int64_t, uint8_t

from ccroute.core.defs cimport Agent, Floor

cdef enum:                        # how a presence comes about, beside those of RECORD_PRESENCE
    BY_LOSS = 4
    BY_RETURN = 5

cdef void loss_end(Floor* floor, Agent* agent) noexcept nogil
cdef void leg_end(Floor* floor, int32_t leg, int ends_as, int32_t by) noexcept nogil
cdef void leg_done(Floor* floor, int32_t leg, int64_t wrap_up, int ends_as) noexcept nogil
cdef void legs_end(Floor* floor, int32_t contact, bint all_of_them, int ends_as) noexcept nogil
cdef void leg_hold(Floor* floor, int32_t leg, bint is_held) noexcept nogil
cdef void suspend(Floor* floor, int32_t leg, int reason, int32_t by) noexcept nogil
cdef void resume(Floor* floor, int32_t leg) noexcept nogil
cdef void check_seek(Floor* floor, int32_t contact) noexcept nogil
cdef void take_next_presence(Floor* floor, int32_t agent) noexcept nogil
cdef void take_next_presences(Floor* floor) noexcept nogil
cdef void do_complete(Floor* floor, int32_t contact, int32_t agent, int64_t wrap_up, bint own_wrap_up) noexcept nogil
cdef void do_leave(Floor* floor, int32_t leg) noexcept nogil
cdef void do_end_wrap_up(Floor* floor, int32_t leg) noexcept nogil
cdef void do_extend_wrap_up(Floor* floor, int32_t leg, int64_t wrap_up) noexcept nogil
cdef void do_requeue(Floor* floor, int32_t contact, uint8_t kind, int64_t cool) noexcept nogil
cdef void do_connect_failed(Floor* floor, int32_t leg, uint8_t kind, int64_t cool) noexcept nogil
cdef void do_park(Floor* floor, int32_t contact, bint clock_runs, int64_t until) noexcept nogil
cdef void do_unpark(Floor* floor, int32_t contact) noexcept nogil
cdef void do_schedule(Floor* floor, int32_t contact, int64_t due, bint parks) noexcept nogil
cdef void move_clock(Floor* floor, int32_t contact) noexcept nogil
cdef void park_over(Floor* floor, int32_t contact) noexcept nogil
cdef bint is_consult(Floor* floor, int32_t contact) noexcept nogil
cdef void do_expire(Floor* floor, int32_t contact, int why) noexcept nogil
cdef void do_close(Floor* floor, int32_t contact) noexcept nogil
cdef void drop_callback(Floor* floor, int32_t contact, int why, int32_t by) noexcept nogil
cdef void callback_over(Floor* floor, int32_t contact) noexcept nogil
cdef void do_abandon(Floor* floor, int32_t contact) noexcept nogil
cdef void do_cancel(Floor* floor, int32_t contact, int why) noexcept nogil
cdef void do_presence(Floor* floor, int32_t agent, int presence, int pending, int how) noexcept nogil
cdef void do_next_presence(Floor* floor, int32_t agent, int presence, int pending) noexcept nogil
cdef void do_pause(Floor* floor, int32_t queue, bint paused) noexcept nogil
cdef void do_load(Floor* floor, int32_t agent, int32_t channel, int32_t units) noexcept nogil
