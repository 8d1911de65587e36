import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from service.imaging.robust import median


@settings(deadline=None)
@given(st.lists(st.integers(-999, 999), min_size=1, max_size=99))
def test_of_an_odd_count_it_is_the_median(numbers):
    odd = np.array(numbers + numbers[1:], np.float32)

    assert median(odd) == np.median(odd)


def test_of_an_even_count_it_is_the_upper_of_the_two_in_the_middle():
    assert median(np.array([[4, 1], [3, 2]])) == 3
