"""Lock a process down: namespaces, Landlock, seccomp, limits, and probes that test them."""
