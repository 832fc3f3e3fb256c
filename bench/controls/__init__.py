"""Controls: two other implementations of the same endpoints, behind the same server, middleware
and authentication. Only `bench.settings` installs them."""
