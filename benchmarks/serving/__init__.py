"""How fast the service answers beside others, all of them in one run: `make bench`.

Every server is started here and pinned to one core; wrk, which sends the requests, has another. Servers take
turns within a round, so that a busy machine is busy for all, and what counts is a server's ratio to another
within the same round. A round in which others used more than a tenth of the machine is left out.
"""
