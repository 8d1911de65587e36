import numpy as np

from service.training.thinning import thin


def test_a_bar_is_thinned_to_its_middle_line():
    bar = np.zeros((30, 60), bool)
    bar[10:19, 5:55] = True  # nine pixels thick
    line = thin(bar)
    assert line.any(axis=0).sum() > 40
    assert line.sum(axis=0).max() == 1
    assert set(np.flatnonzero(line.any(axis=1))) <= {13, 14, 15}


def test_a_ring_stays_closed():
    down, right = np.indices((60, 60)) - 30
    distance = np.hypot(down, right)
    ring = thin((distance > 12) & (distance < 20))
    angles = np.arctan2(down, right)[ring]
    assert np.diff(np.sort(angles)).max() < 0.15  # radians; nowhere a gap
    assert np.abs(distance[ring] - 16).max() < 2


def test_what_is_thinned_lies_within_and_cannot_be_thinned_further():
    rng = np.random.default_rng(0)
    blot = np.zeros((40, 40), bool)
    for row, column in rng.integers(8, 28, (12, 2)):
        blot[row : row + 6, column : column + 6] = True
    line = thin(blot)
    assert not (line & ~blot).any()
    np.testing.assert_array_equal(thin(line), line)


def test_ink_at_the_edge_has_paper_beyond_it():
    ink = np.ones((9, 30), bool)
    middle = thin(ink)
    np.testing.assert_array_equal(middle, thin(np.pad(ink, 5))[5:-5, 5:-5])
    assert middle.sum(axis=0).max() == 1
