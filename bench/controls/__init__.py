"""What the product is measured against: the same answers behind the same server, middleware and
authentication, made in two other ways. Only `bench.settings` knows of them."""
