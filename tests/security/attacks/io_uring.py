import ctypes

from attack import run, system_call

run(lambda item: system_call((425, 425), 8, ctypes.create_string_buffer(120)))
