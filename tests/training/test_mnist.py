import gzip

import numpy as np
import pytest

from service.errors import BadDataError
from service.training import mirror, mnist

IMAGES = "train-images-idx3-ubyte"


def test_reads_an_idx_file_byte_by_byte():
    content = bytes.fromhex("00000802 00000002 00000003 010203 0405ff")
    assert mnist.idx(content, "two by three").tolist() == [[1, 2, 3], [4, 5, 255]]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "begins with ;"),
        ("00000d02 00000001 00000001 00000000", "begins with 00000d02"),  # floats
        ("1f8b0808", "begins with 1f8b0808"),  # still compressed
        ("000008", "3 bytes instead of 5"),
        ("00000801", "4 bytes instead of 8"),
        ("00000801 0000", "6 bytes instead of 8"),
        ("00000801 00000003 0102", "10 bytes instead of 11"),
        ("00000801 00000003 01020304", "12 bytes instead of 11"),
    ],
)
def test_refuses_what_is_no_idx_file_of_bytes(content, says):
    with pytest.raises(BadDataError, match=f"^labels: .*{says}"):
        mnist.idx(bytes.fromhex(content), "labels")


def test_reads_raw_and_compressed_files_beside_each_other(drawn_folder, drawn):
    folder, sha256 = drawn_folder
    data = mnist.read(folder, sha256=sha256)
    np.testing.assert_array_equal(data.training.images, drawn.training.images)
    np.testing.assert_array_equal(data.test.labels, drawn.test.labels)
    assert data.sha256 == sha256


def test_pixels_run_from_paper_to_ink(drawn_folder):
    folder, sha256 = drawn_folder
    images = mnist.read(folder, sha256=sha256).training.images
    assert (images.dtype, images.min(), images.shape) == (np.float32, 0, (700, 784))
    assert 0.9 < images.max() <= 1


def test_a_slice_keeps_images_and_labels_together(drawn):
    some = drawn.test[10:13]
    assert len(some) == 3
    np.testing.assert_array_equal(some.images, drawn.test.images[10:13])
    np.testing.assert_array_equal(some.labels, drawn.test.labels[10:13])


def test_without_a_folder_the_files_are_downloaded(drawn_folder, monkeypatch):
    folder, sha256 = drawn_folder
    monkeypatch.setattr(mirror, "download", lambda: folder)
    assert len(mnist.read(sha256=sha256).training) == 700


def test_a_file_in_place_of_the_folder_is_answered_with_what_to_name(drawn_folder):
    folder, sha256 = drawn_folder
    file = folder / f"{IMAGES}.gz"
    with pytest.raises(BadDataError, match=rf"^{file} holds neither {IMAGES} nor .*; name the folder of the"):
        mnist.read(file, sha256=sha256)


@pytest.mark.parametrize("end", ["", ".gz"])
def test_a_folder_in_place_of_a_file_is_named_as_such(drawn_folder, end):
    folder, sha256 = drawn_folder
    (folder / f"{IMAGES}.gz").unlink()
    (folder / f"{IMAGES}{end}").mkdir()
    with pytest.raises(BadDataError, match=rf"{IMAGES}{end}: is a folder; name the one in which"):
        mnist.read(folder, sha256=sha256)


def test_a_missing_file_is_named_with_what_to_do(drawn_folder):
    folder, sha256 = drawn_folder
    (folder / f"{IMAGES}.gz").unlink()
    with pytest.raises(BadDataError, match=f"holds neither {IMAGES} nor {IMAGES}.gz; name the folder"):
        mnist.read(folder, sha256=sha256)


def cut_short(content):
    return content[:-20]


def of_another_format(content):
    return b"PK" + content[2:]


def with_two_wrong_bytes(content):
    return content[:60] + b"\0\0" + content[62:]


@pytest.mark.parametrize("damage", [cut_short, of_another_format, with_two_wrong_bytes])
def test_a_damaged_gzip_file_is_one_clear_line(drawn_folder, damage):
    folder, sha256 = drawn_folder
    file = folder / f"{IMAGES}.gz"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(BadDataError, match=r"cannot be read \(.*\); download it again") as caught:
        mnist.read(folder, sha256=sha256)
    assert "\n" not in str(caught.value)


def test_a_file_that_was_changed_is_refused(drawn_folder):
    folder, sha256 = drawn_folder
    file = folder / f"{IMAGES}.gz"
    content = bytearray(gzip.decompress(file.read_bytes()))
    content[-1] ^= 1
    file.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(BadDataError, match="not the published file: sha256"):
        mnist.read(folder, sha256=sha256)


def test_files_that_do_not_belong_together_are_refused(drawn_folder):
    folder, sha256 = drawn_folder
    labels = "train-labels-idx1-ubyte"
    (folder / labels).write_bytes((folder / "t10k-labels-idx1-ubyte").read_bytes())
    with pytest.raises(BadDataError, match=r"200 labels and images of shape \(700, 28, 28\)"):
        mnist.read(folder, sha256=sha256 | {labels: sha256["t10k-labels-idx1-ubyte"]})


@pytest.mark.mnist
def test_the_published_files_pass(mnist_folder, mnist_test_images, mnist_test_labels):
    data = mnist.read(mnist_folder)
    assert (len(data.training), len(data.test)) == (60_000, 10_000)
    np.testing.assert_array_equal(data.test.images * 255, mnist_test_images.reshape(-1, 784))
    np.testing.assert_array_equal(data.test.labels, mnist_test_labels)
