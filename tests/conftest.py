"""Settings that every test shares."""

from hypothesis import settings

# The same examples in every run; the first example may have to compile, so no deadline.
settings.register_profile("portico", derandomize=True, deadline=None, max_examples=30)
# Other examples in every run: pytest --hypothesis-profile=hunt -m slow tests/robustness
settings.register_profile("hunt", deadline=None, print_blob=True)
settings.load_profile("portico")
