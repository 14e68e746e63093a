"""Parts that stand in for the outside world in tests: they fake the wire on loopback, never a client of ours."""
