"""What other machines do with the repository: GitHub's workflows, Binder, development containers."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from conftest import REPOSITORY

from cnncourse import EXERCISES_BRANCH

WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_unless_a_job_says_more(path) -> None:
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", action) for action in used)


def test_what_is_published_has_an_address_and_exercises_of_their_own_branch() -> None:
    workflow = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "publish.yml").read_text("utf-8"))
    commands = "\n".join(step.get("run", "") for step in steps(workflow))
    assert 'make book BOOK="--strict --publish"' in commands
    # Each page names the address that GitHub Pages has for it, and a picture.
    lines = commands.splitlines()
    address, made, shared = (
        next(place for place, line in enumerate(lines) if words in line)
        for words in ("BOOK_ADDRESS=${{ steps.site.outputs.base_url }}", "make book", "book/share.py")
    )
    assert address < made < shared
    (site,) = [step for step in workflow["jobs"]["build"]["steps"] if step.get("id") == "site"]
    assert site["uses"].startswith("actions/configure-pages@")
    assert workflow["jobs"]["build"]["permissions"]["pages"] == "read"
    # Which commit changed the package last is not to be seen in a clone of the newest alone.
    clones = [
        step for step in workflow["jobs"]["build"]["steps"] if "actions/checkout" in step.get("uses", "")
    ]
    assert [step.get("with", {}).get("fetch-depth") for step in clones] == [0]
    tests = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "test.yml").read_text("utf-8"))
    assert workflow[True]["workflow_run"]["workflows"] == [tests["name"]]  # YAML 1.1 reads `on` as True
    assert "workflow_run.event == 'push'" in workflow["jobs"]["build"]["if"]
    assert {"make test", "make test-book"} <= {step.get("run") for step in steps(tests)}
    assert re.search(rf"git push .* {EXERCISES_BRANCH}$", commands, re.M)
    assert f"--initial-branch {EXERCISES_BRANCH}" in commands
    assert "exercises" in {job for job in workflow["jobs"] if "permissions" in workflow["jobs"][job]}


def test_binder_installs_the_locked_packages_and_no_list_of_its_own() -> None:
    lines = (REPOSITORY / ".binder" / "requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-r ../requirements.txt"]
    assert (REPOSITORY / ".binder" / "postBuild").stat().st_mode & 0o111


def test_a_development_container_makes_its_environment_by_make() -> None:
    settings = json.loads((REPOSITORY / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    (target,) = re.findall(r"make (\S+)", settings["postCreateCommand"])
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    names = dict(re.findall(r"^(VENV|STAMP) := (\S+)$", makefile, re.M))
    assert target == names["STAMP"].replace("$(VENV)", names["VENV"])
