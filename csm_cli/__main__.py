"""`python -m csm_cli` is `csm`."""

from csm_cli.cli.app import main

if __name__ == "__main__":
    main()
