import os

import pytest

from service.training.workers import side_by_side


def product(factor, number):
    return factor * number, os.getpid()


def refuse(_shared, number):
    if number == 2:
        raise ValueError("two")
    return number


@pytest.mark.parametrize(("processes", "elsewhere"), [(1, False), (2, True)])
def test_results_come_in_the_order_of_the_tasks(processes, elsewhere):
    results = list(side_by_side(product, 3, range(5), processes, ahead=2))
    assert [number for number, _ in results] == [0, 3, 6, 9, 12]
    assert (os.getpid() not in {process for _, process in results}) == elsewhere


@pytest.mark.parametrize("processes", [1, 2])
def test_of_endless_tasks_only_some_are_begun_ahead(processes):
    begun = []

    def tasks():
        while True:
            begun.append(len(begun))
            yield len(begun)

    results = side_by_side(product, 1, tasks(), processes, ahead=3)
    assert [next(results)[0] for _ in range(2)] == [1, 2]
    results.close()
    assert len(begun) <= 2 + 3


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_task_raises_comes_out_where_its_result_would(processes):
    results = side_by_side(refuse, None, range(4), processes, ahead=2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)
