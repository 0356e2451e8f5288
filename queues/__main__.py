"""`python -m queues kept`, `python -m queues given-up` and `python -m queues move`."""

import sys

from queues.cli import main

sys.exit(main(sys.argv[1:]))
