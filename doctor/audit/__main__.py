"""`python -m doctor.audit verify` and `python -m doctor.audit export`."""

import sys

from doctor.audit.cli import main

sys.exit(main(sys.argv[1:]))
