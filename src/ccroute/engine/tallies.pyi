# Nothing here is visible to Python: the compiled engine reaches it through tallies.pxd.
