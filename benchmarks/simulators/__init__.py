"""What `benchmarks/circuits.py` compares with: hand-written limits, and other simulators behind one interface."""
