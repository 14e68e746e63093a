"""A chat's life: its coordinator, one run at a time, the events of a run, approvals, and history for the model.

Knows nothing of HTTP. Called by ``registry``; calls models through ``providers.base`` and tools through a manager it is
handed.
"""
