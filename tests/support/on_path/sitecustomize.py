"""Python imports this at its start."""

import os

if os.environ.get("MANDRAKE_TEST_JITTER"):
    import jitter  # noqa: F401
