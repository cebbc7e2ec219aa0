"""`python -m payments serve|work|migrate|jobs|dead-letters|checkpoints`."""

from chassis.run import main
from payments.bootstrap import SERVICE

if __name__ == "__main__":
    main(SERVICE)
