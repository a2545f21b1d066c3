from attack import LIBC, all_stopped, checked, run, system_call

NEW_USER = 0x10000000
NEW_MOUNTS = 0x00020000

run(lambda item: all_stopped(
    lambda: checked(LIBC.unshare(NEW_USER)),
    lambda: checked(LIBC.unshare(NEW_MOUNTS)),
    lambda: system_call((56, 220), NEW_USER | 17, 0, 0, 0, 0),
    lambda: system_call((435, 435), 0, 0),
    lambda: checked(LIBC.setns(0, 0))))
