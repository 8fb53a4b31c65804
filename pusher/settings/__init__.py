"""What the target, the views, the run and the roles say: what goes where, who may push it, and why."""
