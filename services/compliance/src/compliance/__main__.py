"""`python -m compliance serve|work|migrate|jobs|dead-letters|verify|fsck`."""

from chassis.run import main
from compliance.bootstrap import SERVICE

if __name__ == "__main__":
    main(SERVICE)
