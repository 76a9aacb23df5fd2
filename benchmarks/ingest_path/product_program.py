"""Ingest as it is, listening, in a process of its own with a bus of its own.

python -m benchmarks.ingest_path.product_program PORT DSN
"""

import sys

import uvloop

from gridwarden.collector import spare_what_stays
from ingest.program import Listen, run
from tracker.bus.local import LocalBus

if __name__ == "__main__":
    door = Listen(host="127.0.0.1", port=int(sys.argv[1]))
    uvloop.run(run(dsn=sys.argv[2], bus=LocalBus(), listen=door, ready=spare_what_stays))
