import socket

from attack import all_stopped, run

PORT = int(open("port").read())


def connect(family, address):
    with socket.socket(family) as connection:
        connection.settimeout(5)
        connection.connect(address)
    return address


run(lambda item: all_stopped(
    lambda: connect(socket.AF_INET, ("127.0.0.1", PORT)),
    lambda: connect(socket.AF_INET6, ("::1", PORT)),
    lambda: connect(socket.AF_UNIX, "\0assay-test-" + str(PORT)),
    lambda: connect(socket.AF_UNIX, "socket"),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    lambda: socket.socket(40, socket.SOCK_STREAM),
    lambda: socket.getaddrinfo("example.com", 80)))
