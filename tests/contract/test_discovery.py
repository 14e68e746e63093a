"""Provisioners are found by their entry points, those of other packages, too."""

from __future__ import annotations

import pytest

from mandrake_jupyter.errors import MCPError
from mandrake_jupyter.provisioners.base import find_provisioner
from mandrake_jupyter.provisioners.local import LocalProvisioner
from mandrake_jupyter.provisioners.remote import HTTPProvisioner, SSEProvisioner


def test_ours_are_found_by_their_names() -> None:
    assert find_provisioner("local") is LocalProvisioner
    assert find_provisioner("http") is HTTPProvisioner
    assert find_provisioner("sse") is SSEProvisioner


def test_one_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(MCPError, match="'moon'; known: docker, http, local, sse"):
        find_provisioner("moon")


def test_one_of_another_package_is_found_once_that_is_installed(third_party: None) -> None:
    found = find_provisioner("memory")
    assert (found.__module__, found.__name__) == ("sample_provisioner", "MemoryProvisioner")
    with pytest.raises(MCPError, match="known: docker, http, local, memory, sse"):
        find_provisioner("moon")
