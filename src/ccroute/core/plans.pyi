# Nothing here is visible to Python: other kernels reach it through plans.pxd.
