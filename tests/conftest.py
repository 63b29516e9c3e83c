"""Settings that every test shares."""

from hypothesis import settings

# The same examples in every run; the first example may have to compile, so no deadline.
settings.register_profile("portico", derandomize=True, deadline=None, max_examples=30)
settings.load_profile("portico")
