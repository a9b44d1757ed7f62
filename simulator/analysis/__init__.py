"""Questions that take a few runs on common random numbers, or a second look at the paths of one."""
