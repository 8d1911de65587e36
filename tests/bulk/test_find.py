import errno
import inspect
import io
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from service.bulk import find
from service.errors import BadInputError, ServiceError


def wanted(*inputs):
    return {each.name for each in find(list(map(str, inputs))) if each.is_wanted}


def fault(*inputs):
    """What is said of the one thing that cannot be read."""
    [found] = find(list(map(str, inputs)))
    with pytest.raises(ServiceError) as raised:
        found.content()
    return found.name, str(raised.value)


def test_a_picture_is_itself_whatever_it_is_called(tmp_path):
    (tmp_path / "scan").write_bytes(b"")
    [found] = find([str(tmp_path / "scan")])
    assert (found.name, found.content()) == (str(tmp_path / "scan"), str(tmp_path / "scan"))


def test_a_folder_is_the_pictures_in_it_and_below(folder):
    assert wanted(folder) == {str(path) for path in folder.rglob("*") if path.suffix in {".png", ".PNG"}} - {
        str(folder / ".hidden.png")
    }
    assert len(wanted(folder)) == 40


def test_files_that_lie_beside_pictures_are_told_of_as_such(folder):
    assert {Path(each.name).name for each in find([str(folder)]) if not each.is_wanted} == {
        "labels.csv",
        ".hidden.png",
    }


def test_links_to_folders_are_not_followed_and_links_to_files_are(folder):
    (folder / "circle").symlink_to(folder)
    (folder / "linked.png").symlink_to(folder / "00.png")
    assert len(wanted(folder)) == 41


def test_hidden_folders_are_passed_over(folder):
    (folder / ".cache").mkdir()
    (folder / ".cache" / "1.png").write_bytes(b"")
    assert len(wanted(folder)) == 40


def test_a_folder_that_cannot_be_listed_is_a_fault(tmp_path, monkeypatch):
    def closed(folder):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)

    monkeypatch.setattr(os, "scandir", closed)  # not by its mode, as root reads everything
    (tmp_path / "closed").mkdir()
    assert fault(tmp_path / "closed") == (
        str(tmp_path / "closed"),
        "Permission denied; check the path and its permissions",
    )


def test_a_link_that_leads_in_a_circle_costs_itself_alone(folder):
    (folder / "loop").symlink_to("loop")
    found = {each.name: each for each in find([str(folder)]) if each.is_wanted}
    with pytest.raises(BadInputError, match=r"^Too many levels of symbolic links; check the path"):
        found.pop(str(folder / "loop")).content()
    assert found.keys() == {str(path) for path in folder.rglob("[0-9]*")}


def test_a_link_into_a_closed_folder_is_left_to_whoever_reads_it(tmp_path, monkeypatch):
    link, status = tmp_path / "link", os.stat

    def closed(path, **options):  # not by the folder's mode, as root passes through every one
        if str(path) == str(link):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return status(path, **options)

    monkeypatch.setattr(os, "stat", closed)
    link.symlink_to("closed/1.png")
    assert wanted(link) == {str(link)}


def test_folders_that_lie_too_deep_are_a_fault(tmp_path):
    deep = tmp_path / "deep"
    deep.mkdir()
    inner = deep
    for _ in range(120):
        inner /= "d"
        inner.mkdir()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 80)
    try:
        name, told = fault(deep)
    finally:
        sys.setrecursionlimit(limit)
    assert name.startswith(str(deep / "d"))
    assert told == "folders lie in folders too deep; name this one itself"


def test_a_pattern_is_what_it_matches(folder):
    assert wanted(folder / "**" / "0?.png") == {str(path) for path in folder.rglob("0?.png")}
    assert wanted(folder / "mor*") == {str(path) for path in (folder / "more").iterdir()}


def test_a_file_whose_name_is_a_pattern_is_itself(tmp_path):
    (tmp_path / "a[1].png").write_bytes(b"")
    (tmp_path / "a1.png").write_bytes(b"")
    assert wanted(tmp_path / "a[1].png") == {str(tmp_path / "a[1].png")}


def test_a_list_names_files_one_a_line(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"a.png\r\n\n./b c.png\nno\xff.png")
    assert wanted(tmp_path / "list.txt") == {"a.png", "./b c.png", os.fsdecode(b"no\xff.png")}


def test_a_mark_before_a_list_is_no_part_of_a_name(tmp_path):
    (tmp_path / "list.txt").write_text("a.png\n\ufeffb.png\n", encoding="utf-8-sig")
    assert wanted(tmp_path / "list.txt") == {"a.png", "\ufeffb.png"}


def test_a_list_comes_on_the_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a.png\nb.png\n")))
    assert wanted("-") == {"a.png", "b.png"}


def test_a_standard_input_that_is_closed_is_told_before_anything_begins(folder, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)  # as Python has it after <&-
    with pytest.raises(BadInputError, match=r"the standard input is closed; send it a list, or name"):
        find([str(folder), "-"])


def test_a_list_that_is_no_list_is_a_fault(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\0" * 100_000)
    assert fault(tmp_path / "list.txt") == (
        str(tmp_path / "list.txt"),
        "a line is longer than any path; list one path a line",
    )


def test_a_list_that_leads_nowhere_is_a_fault(tmp_path):
    (tmp_path / "list.txt").symlink_to(tmp_path / "nothing")
    assert "No such file or directory" in fault(tmp_path / "list.txt")[1]


@pytest.mark.parametrize("name", ["a.zip", "a.ZIP", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tbz2"])
def test_an_archive_is_its_members(tmp_path, name):
    (tmp_path / "1.png").write_bytes(b"1")
    if name.lower().endswith("zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.write(tmp_path / "1.png", "1.png")
    else:
        mode = {".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2", ".tbz2": "w:bz2"}.get(Path(name).suffix, "w")
        with tarfile.open(tmp_path / name, mode) as archive:
            archive.add(tmp_path / "1.png", "1.png")
    read = {found.name: found.content() for found in find([str(tmp_path / name)])}
    assert read == {f"{tmp_path / name}/1.png": b"1"}


def test_archives_inside_folders_and_archives_are_not_opened(tmp_path):
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "a.zip", "w") as archive:
        archive.writestr("1.png", b"1")
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.write(tmp_path / "in" / "a.zip", "a.zip")
    assert wanted(tmp_path / "in", tmp_path / "out.zip") == set()


@pytest.mark.parametrize("given", ["nothing.png", "nothing/*.png", "nothing/"])
def test_what_is_not_there_is_told_before_anything_begins(given, folder):
    with pytest.raises(BadInputError, match=r"there is no .*nothing.*; name pictures, folders"):
        find([str(folder), given])
