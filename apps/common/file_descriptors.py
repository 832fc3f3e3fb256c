"""The limit of open file descriptors (connections and files) of a serving process."""

import resource

MAX_DESCRIPTORS = 65536


def raise_descriptor_limit() -> None:
    """Raise the soft limit up to MAX_DESCRIPTORS or the hard limit; the default is often 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
