"""What the suites share that disturb single calls: a stack whose wire is recorded, and every action that exists."""
