"""What payments does about an erasure that identity announces."""
