from chassis.run import main
from governance.bootstrap import SERVICE

if __name__ == "__main__":
    main(SERVICE)
