#!/usr/bin/env python
from kreida.__main__ import main

if __name__ == "__main__":
    main()
