from attack import all_stopped, run, system_call

run(lambda item: all_stopped(
    lambda: system_call((248, 217), b"user", b"name", b"secret", 6, -3),
    lambda: system_call((249, 218), b"user", b"name", None, 0),
    lambda: system_call((250, 219), 0, -3, 0)))
