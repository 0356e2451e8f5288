"""What only a witness knows, who watched a world from the beginning, and the checks that need it.

The doctor judges what can be seen at any time. Tests know more: every message sent, every answer delivered, and what
others made. They judge with the doctor's own checks and with these.
"""
