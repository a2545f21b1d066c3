import os
import signal

from attack import run

run(lambda item: os.kill(os.getpid(), signal.SIGSTOP))
