import fcntl
import os
import termios

from attack import all_stopped, run


def own_terminal():
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSTI, b"x")
    return "typed"


run(lambda item: all_stopped(
    lambda: fcntl.ioctl(0, termios.TIOCSTI, b"x"),
    lambda: fcntl.ioctl(os.open("/dev/tty", os.O_RDWR), termios.TIOCSTI, b"x"),
    own_terminal))
