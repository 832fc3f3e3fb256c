"""How many connections and files a serving process may open."""

import resource

WANTED_DESCRIPTORS = 65536


def raise_descriptor_limit() -> None:
    """As far as the hard limit lets us: 1,024, the usual soft one, is a few hundred people."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, WANTED_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
