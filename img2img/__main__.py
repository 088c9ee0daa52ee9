"""This module runs the program as `python -m img2img`."""

from img2img.cli import main

main()
