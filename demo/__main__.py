"""`python -m demo COMMAND`; the Makefile's targets call it."""

import sys

from demo.cli import main
from devstack.interrupt import raise_on_signals

raise_on_signals()
sys.exit(main(sys.argv[1:]))
