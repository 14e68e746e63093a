"""What a reader of the repository relies on: the two commands, honest links, a changelog, and no trace of
one machine.
"""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import mandrake_jupyter

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
REGISTRIES = re.compile(r"(files\.pythonhosted|pypi|npmjs|yarnpkg)\.(org|com)/|registry\.(npmjs|yarnpkg)")
#: Someone's own folders: any home outside of the tests' made-up ones, and where this clone lies now.
HOMES = re.compile(r"(?<![\w.~/-])/(home|Users)/\w+/\w")
HERE = (f"{ROOT}/", f"{Path.home()}/")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)#\s]+)(#[^)\s]*)?\)")


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git clone")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def _texts() -> dict[str, str]:
    texts = {}
    for path in _tracked():
        try:
            texts[path.relative_to(ROOT).as_posix()] = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
    del texts["tests/test_repository.py"]
    return texts


def test_no_tracked_file_names_a_package_registry_or_someones_folder() -> None:
    found = [
        (name, line.strip()[:120])
        for name, text in _texts().items()
        for line in text.splitlines()
        if REGISTRIES.search(line)
        or any(folder in line for folder in HERE)
        or (HOMES.search(line) and not name.startswith("tests/"))
    ]
    assert found == []


def test_the_lock_file_names_no_host() -> None:
    lock = (ROOT / "labextension" / "yarn.lock").read_text("utf-8")
    assert "resolution:" in lock
    assert "://" not in lock


@pytest.mark.parametrize("target", ["lab", "test"])
def test_the_two_commands_of_the_readme_exist(target: str) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(rf"^make {target}\b", readme, re.MULTILINE)
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_changelog_knows_the_version() -> None:
    assert f"[{PROJECT['version']}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_version_is_the_same_everywhere() -> None:
    panel = json.loads((ROOT / "labextension" / "package.json").read_text("utf-8"))
    assert {mandrake_jupyter.__version__, panel["version"]} == {PROJECT["version"]}


def test_the_licence_is_jupyters() -> None:
    assert (ROOT / "LICENSE").read_text("utf-8").startswith("BSD 3-Clause License")
    assert PROJECT["license"] == "BSD-3-Clause"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = [match[1] for match in LINK.finditer(document.read_text("utf-8"))]
    local = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in local if not (document.parent / target).exists()] == []


def test_the_configuration_page_is_what_the_traits_say() -> None:
    """`make docs` writes it anew."""
    from tools.configuration_page import PAGE, page

    assert PAGE.read_text("utf-8") == page()


def test_every_setting_that_a_document_names_is_one() -> None:
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text("utf-8")
    there = {
        f"{section.split()[0]}.{trait}"
        for section in page.split("\n## ")[1:]
        for trait in re.findall(r"^\| `(\w+)`", section, re.MULTILINE)
    }
    classes = "|".join({name.split(".")[0] for name in there})
    inside = {
        "configuration.md",
        "design-map.md",
        "0003-at-most-once.md",
    }  # itself, and those that name methods, too
    named = {
        f"{document.name}: {name}"
        for document in DOCUMENTS
        if document.name not in inside
        for name in re.findall(rf"(?<![\w.])(?:c\.)?((?:{classes})\.\w+)", document.read_text("utf-8"))
        if name not in there
    }
    assert named == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_shell_line_is_about_is_explained_on_its_page(document: Path) -> None:
    text = document.read_text("utf-8")
    if "$TOKEN" in text:
        assert "TOKEN=" in text or "README.md#from-the-shell" in text
