"""Tuning with equal budgets: the same number of trials for every generator and control, judged on validation images alone."""
