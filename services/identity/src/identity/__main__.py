"""`python -m identity serve|work|migrate|jobs|dead-letters|checkpoints|create-admin`."""

from chassis.run import main
from identity.bootstrap import SERVICE

if __name__ == "__main__":
    main(SERVICE)
