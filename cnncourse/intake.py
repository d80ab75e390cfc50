"""What comes from a learning platform, as it comes: whose each file is, zips opened, litter put aside.

Nothing in it is trusted. A file gets a name of ours on disk, links are not followed, and an archive that
would write elsewhere, is locked or too large is refused for the one who handed it in.
"""

from __future__ import annotations

import contextlib
import datetime
import lzma
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cnncourse import ClassroomError
from cnncourse.names import composed, folded

ARCHIVE_BYTES = 1024**3  # that an archive of a student may unpack to
ARCHIVE_FILES = 20_000
DEEPEST = 3  # zips in zips, the platform's own among them

LITTER = re.compile(r"(\..*|__macosx|thumbs\.db|desktop\.ini|icon\r|~\$.*)", re.I | re.S)
# Lying among submissions these are the instructor's own; within a submission they are what was handed in.
SHEETS = (".csv", ".xls", ".xlsx", ".ods", ".tsv", ".db", ".ini", ".log")

# Moodle: "Anna Lee_12345_assignsubmission_file_", a folder, or the beginning of a file's name.
MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<number>\d+)_assign(?:submission|feedback)_[a-z]+(?:_(?P<rest>.*))?", re.S
)
# Canvas: "leeanna_LATE_12345_67890_02_lenet5.ipynb", or "..._12345_text.html" for what was typed into a box.
CANVAS = re.compile(
    r"(?P<name>.+?)_(?:LATE_)?(?P<number>\d+)(?:_(?P<file>\d+)_(?P<rest>.+)|_(?:text|link)\.html)", re.S
)
ANONYMOUS = re.compile(r"(?P<name>anon)_(?:LATE_)?(?P<number>\w+?)_(?P<file>\d+)_(?P<rest>.+)", re.S)
# What systems add to a second file of the same name, and Colab and others to a copy.
COPY = re.compile(r"(?i)^copy of |(?: - copy(?: \(\d+\))?|[ _-]copy[ _-]?\d*| ?\(\d+\))$")

BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
    ValueError,
)


@dataclass(frozen=True)
class File:
    """A file of somebody's that may be a notebook: where it lies, its name, and what tells which is newer."""

    path: Path
    name: str
    modified: float
    number: int = 0


@dataclass
class HandedIn:
    """What one person handed in.

    Attributes:
        name: of the person, as the platform or the file has it; empty where neither has one.
        number: by which the platform knows the person; or empty.
        label: name of the folder or file in which the platform gave it.
        files: those that may be notebooks.
        others: names of all other files.
        refused: what was not opened, and why.
    """

    name: str
    number: str
    label: str
    files: list[File] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Entry:
    """A file or a folder, wherever it lies: the names that lead to it, and why it was not opened, if so."""

    parts: tuple[str, ...]
    path: Path | None = None
    modified: float = 0.0
    folder: bool = False
    refused: str = ""


def collect(
    source: Path, work: Path, assignment: str, pattern: re.Pattern | None = None
) -> tuple[list[HandedIn], list[str]]:
    """Sort what a platform gives by person.

    Args:
        source: a folder or a zip.
        work: an empty folder for what is unpacked.
        assignment: its name may be a part of the files' names.
        pattern: of names of another form, with a group `student`.

    Returns:
        What each person handed in, and the names of what is nobody's.

    Raises:
        ClassroomError: there is nothing to sort.
    """
    entries: list[_Entry] = []
    skipped: list[_Entry] = []
    for entry in _Unpacker(work).all_of(source):
        litter = next((part for part in entry.parts if LITTER.fullmatch(part)), None)
        (skipped if litter is not None else entries).append(entry)
    entries = _unwrapped(entries, assignment)
    people: dict[tuple[str, str], HandedIn] = {}
    for entry in entries:
        top = entry.parts[0]
        alone = len(entry.parts) == 1 and not entry.folder
        if alone and Path(top).suffix.casefold() in SHEETS and not _platform(top, assignment):
            skipped.append(entry)
            continue
        name, number, file = owner(top, assignment, pattern)
        key = (number, name or top)  # two people with one number are still two
        person = people.setdefault(key, HandedIn(name, number, top))
        _add(person, entry, file)
    if not people:
        raise ClassroomError(f"{source} holds no submission: there is nothing to grade.")
    return list(people.values()), sorted({"/".join(entry.parts) for entry in skipped})


def _add(person: HandedIn, entry: _Entry, number: int) -> None:
    shown = "/".join(entry.parts[1:]) or entry.parts[0]
    if entry.refused:
        person.refused.append(f"{shown}: {entry.refused}")
    elif entry.path is not None and may_be_notebook(entry.parts[-1]):
        person.files.append(File(entry.path, shown, entry.modified, number))
    elif not entry.folder:
        person.others.append(shown)


def may_be_notebook(name: str) -> bool:
    """Whether a file's name is a notebook's; browsers add to it what they take the content for."""
    return ".ipynb" in name.casefold() or name.casefold().endswith(".json")


def owner(name: str, assignment: str, pattern: re.Pattern | None = None) -> tuple[str, str, int]:
    """Whose a file or folder is: their name, their number on the platform, and the file's own number."""
    stem = re.sub(r"(?i)(\.ipynb.*|\.json|\.zip|\.pdf|\.docx?|\.html?|\.txt|\.py)$", "", name)
    if pattern and (match := pattern.fullmatch(stem) or pattern.fullmatch(name)):
        return composed(match["student"]), "", 0
    if match := _platform(name, assignment):
        return composed(match["name"]), match["number"], int(match.groupdict().get("file") or 0)
    return _without(stem, assignment), "", 0


def _platform(name: str, assignment: str) -> re.Match | None:
    """The form of a name that Moodle or Canvas gave; not `group_1_02_lenet5`, which only looks like one."""
    found = next((match for form in (MOODLE, ANONYMOUS, CANVAS) if (match := form.fullmatch(name))), None)
    parts = found.groupdict() if found else {}
    own = parts.get("file") and f"{parts['file']}_{parts['rest']}".startswith(assignment)
    return None if own else found


def _without(stem: str, assignment: str) -> str:
    """A name without the marks of a copy and without the assignment's, which a student may have kept."""
    stem = _original(stem)
    apart = re.split(
        rf"(?i)(?:^|(?<=[\s_-]))(?:copy of )?{re.escape(assignment)}(?=$|[\s_-])", stem, maxsplit=1
    )
    if len(apart) == 1:
        return stem
    return _original("_".join(part for each in apart if (part := each.strip(" _-"))))


def _original(stem: str) -> str:
    """A name without the marks of a copy."""
    while (shorter := COPY.sub("", composed(stem))) != stem:
        stem = shorter
    return stem


def _unwrapped(entries: list[_Entry], assignment: str) -> list[_Entry]:
    """Leave out a folder or a zip around the whole class."""
    while len({entry.parts[0] for entry in entries}) == 1:
        inner = [
            _Entry(entry.parts[1:], entry.path, entry.modified, entry.folder, entry.refused)
            for entry in entries
            if len(entry.parts) > 1
        ]
        if _platform(entries[0].parts[0], assignment) or not _is_class(inner, assignment):
            break
        entries = inner
    return entries


def _is_class(entries: list[_Entry], assignment: str) -> bool:
    """Whether a folder holds several people's submissions, and not one person's."""
    tops = {entry.parts[0] for entry in entries}
    if any(_platform(top, assignment) for top in tops):
        return True
    folders = {entry.parts[0] for entry in entries if len(entry.parts) > 1}
    people = {name for top in tops if may_be_notebook(top) and (name := owner(top, assignment)[0])}
    return len(folders) > 1 or len({folded(name) for name in people}) > 1


class _Unpacker:
    """Lists files; what may be a notebook and lies in a zip is written out, under a name of ours."""

    def __init__(self, work: Path):
        self._work = work
        self._written = 0
        self._used: dict[tuple[str, ...], list[int]] = {}

    def all_of(self, source: Path) -> Iterator[_Entry]:
        """Yield every file and folder of a folder or a zip.

        Raises:
            ClassroomError: it is neither.
        """
        if source.is_dir():
            yield from self._folder(source, ())
        elif source.is_file() and zipfile.is_zipfile(source):
            yield from self._zip(source, (), 1)
        else:
            raise ClassroomError(
                f"{source} is no folder and no zip: name the one that holds the submissions."
            )

    def _folder(self, folder: Path, parts: tuple[str, ...]) -> Iterator[_Entry]:
        for path in sorted(folder.iterdir()):
            here = (*parts, _printable(path.name))
            try:
                yield from self._path(path, here)
            except OSError as error:
                yield _Entry(here, refused=f"can't be read ({error.strerror})")

    def _path(self, path: Path, here: tuple[str, ...]) -> Iterator[_Entry]:
        if path.is_symlink():
            yield _Entry(here, refused="is a link, which is not followed")
        elif path.is_dir():
            yield _Entry(here, folder=True)
            yield from self._folder(path, here)
        else:
            yield from self._file(path, here, path.stat().st_mtime, 2)

    def _file(self, path: Path, parts: tuple[str, ...], modified: float, depth: int) -> Iterator[_Entry]:
        if not parts[-1].casefold().endswith(".zip"):
            yield _Entry(parts, path, modified)
        elif depth > DEEPEST:
            yield _Entry(parts, refused=f"is a zip within {DEEPEST} others")
        else:
            yield from self._zip(path, parts, depth)

    def _zip(self, path: Path, parts: tuple[str, ...], depth: int) -> Iterator[_Entry]:
        """Yield what is in a zip, which counts as a folder; a part of it that is unsafe is refused."""
        if parts:
            yield _Entry(parts, folder=True)
        try:
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    yield from self._member(archive, member, parts, depth)
        except BROKEN as error:
            if not parts:
                raise ClassroomError(f"{path} can't be opened: {error}.") from error
            yield _Entry(parts, refused="can't be opened: it is damaged or no zip")

    def _member(
        self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, parts: tuple[str, ...], depth: int
    ) -> Iterator[_Entry]:
        inner = PurePosixPath(_member_name(member)).parts
        safe = tuple(part for part in inner if part not in ("/", "..", "."))
        here = (*parts, *map(_printable, safe))
        if not here:
            return
        # A platform's own zip is as large as the class; within it, and beside it, one zip is one student's.
        why = self._unsafe(member, inner, here, here if depth == 1 else here[: len(parts)])
        if why:
            yield _Entry(here, refused=why)
        elif member.is_dir():
            yield _Entry(here, folder=True)
        elif not may_be_notebook(here[-1]) and not here[-1].casefold().endswith(".zip"):
            yield _Entry(here)
        else:
            try:
                copy = self._copy(archive, member)
            except BROKEN:
                yield _Entry(here, refused="can't be opened: it is damaged")
            else:
                yield from self._file(copy, here, _modified(member), depth + 1)

    def _unsafe(
        self,
        member: zipfile.ZipInfo,
        inner: tuple[str, ...],
        here: tuple[str, ...],
        budget: tuple[str, ...],
    ) -> str:
        """Why a member of a zip is not written out; nothing where it may be."""
        if inner and (inner[0] == "/" or ".." in inner or re.match("[A-Za-z]:", inner[0])):
            return "would be written outside its folder"
        if stat.S_ISLNK(member.external_attr >> 16):
            return "is a link, which is not followed"
        if member.flag_bits & 1:
            return "is locked with a password"
        used = self._used.setdefault(budget, [0, 0])
        wanted = may_be_notebook(here[-1]) or here[-1].casefold().endswith(".zip")
        used[0], used[1] = used[0] + member.file_size * wanted, used[1] + 1
        if used[0] > ARCHIVE_BYTES or used[1] > ARCHIVE_FILES:
            return f"is more than {ARCHIVE_BYTES // 1024**2} MB or {ARCHIVE_FILES} files with the rest"
        return ""

    def _copy(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Path:
        """Write a member of a zip; zipfile reads no more of it than it said that it was large."""
        self._written += 1
        copy = self._work / f"{self._written}.file"
        with archive.open(member) as packed, copy.open("wb") as file:
            while block := packed.read(1024 * 1024):
                file.write(block)
        return copy


def _member_name(member: zipfile.ZipInfo) -> str:
    """The name of a member, read as UTF-8 where its writer forgot to say that it is."""
    name = member.filename.replace("\\", "/")
    if not member.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name


def _modified(member: zipfile.ZipInfo) -> float:
    try:
        return datetime.datetime(*member.date_time).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _printable(name: str) -> str:
    """A file's name in composed Unicode that can be printed and written to a sheet."""
    text = os.fsencode(name).decode("utf-8", "replace") if name.isprintable() is False else name
    return composed(re.sub(r"[\x00-\x1f\x7f]", " ", text)) or "_"
