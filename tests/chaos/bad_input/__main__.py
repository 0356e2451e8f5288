"""`python -m tests.chaos.bad_input worker/03 1234`: print one message of one unit, as it was sent."""

import sys

from tests.chaos.bad_input.messages import message

sys.stdout.buffer.write(message(sys.argv[1], int(sys.argv[2])).body)
