# Nothing here is visible to Python: other kernels reach it through course_tape.pxd.
