"""The registry: all that handlers see. It makes services at first use, lends them out, and ends them in order."""
