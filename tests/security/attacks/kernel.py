from attack import all_stopped, run, system_call

run(lambda item: all_stopped(
    lambda: system_call((321, 280), 0, 0, 0),
    lambda: system_call((298, 241), 0, 0, -1, -1, 0),
    lambda: system_call((323, 282), 0),
    lambda: system_call((169, 142), 0xFEE1DEAD, 672274793, 0, 0),
    lambda: system_call((175, 105), 0, 0, b""),
    lambda: system_call((304, 265), -100, 0, 0)))
