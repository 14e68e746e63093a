"""A file holds one concept: about 300 lines. A longer one is named here, with the reason."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
LIMIT = 300
LONGER: dict[str, str] = {}


def test_no_source_file_is_over_its_size_budget() -> None:
    long = {name: lines for name, lines in _sizes().items() if lines > LIMIT and name not in LONGER}
    assert not long, f"move a wall, or name the file in LONGER with the reason: {long}"


def test_the_list_of_longer_files_names_only_files_that_need_it() -> None:
    sizes = _sizes()
    assert [name for name in LONGER if sizes.get(name, 0) <= LIMIT] == []


def _sizes() -> dict[str, int]:
    sources = [
        *ROOT.glob("mandrake_jupyter/**/*.py"),
        *ROOT.glob("labextension/src/**/*.ts"),
        *ROOT.glob("labextension/src/**/*.tsx"),
    ]
    return {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in sources}
