"""`python -m devstack`; the Makefile's targets call it."""

import sys

from devstack.cli import main

sys.exit(main())
