# Nothing here is visible to Python: other kernels reach it through paths.pxd.
