"""`python -m img2img` is the program."""

from img2img.cli import main

main()
