"""What the scheduler counts along is what it would count anew, whatever happens."""

import random

import pytest

from csm_cli.cluster.scheduler import Scheduler


def counted_anew(scheduler):
    """(slots, slots in use, chains that workers have)"""
    workers = scheduler._workers.values()
    speaking = sum(min(each.slots, sum(chain.started for chain in each.chains.values())) for each in workers)
    return sum(each.slots for each in workers), speaking, sum(len(each.chains) for each in workers)


@pytest.mark.parametrize("seed", range(5))
def test_counts_stay_true(seed):
    chance = random.Random(seed)
    scheduler = Scheduler(4)
    for number in range(60):
        scheduler.add((0, number), [1.0] * chance.randint(1, 4))
    busy, most = {}, 0
    for step in range(5000):
        worker, what = chance.randrange(4), chance.random()
        chains = busy.setdefault(worker, {})
        if worker not in {*scheduler._workers}:
            scheduler.join(worker, chance.randint(1, 5))
        elif what < 0.05:
            scheduler.leave(worker, blame=chance.random() < 0.5)
            chains.clear()
        elif what < 0.1:
            scheduler.join(worker, chance.randint(1, 5))
        elif what < 0.3:
            chains |= {assignment.key: assignment for assignment in scheduler.assign(worker)}
        elif chains:
            key = chance.choice(sorted(chains))
            if what < 0.7:
                scheduler.started(worker, key)
                if chains[key].until is not None:
                    scheduler.line(worker, key, chains[key].until - 1)
            else:
                scheduler.finished(worker, key)
                del chains[key]
        assert (scheduler.slots, scheduler.speaking, scheduler._given) == counted_anew(scheduler), step
        most = max(most, scheduler.speaking)
        if scheduler.done:
            break
    assert scheduler.done
    assert most >= 4
